import { useState } from 'preact/hooks';
import type { Bridge } from '../../preload/contract.ts';
import type { ProviderCheck, SettingField, SettingsView } from '../../preload/views/settings.ts';
import { texts } from '../parts/texts.ts';
import { Field } from './field.tsx';
import { Save } from './save.tsx';
import { useChange } from './useChange.ts';
import { useProviderCheck } from './useProviderCheck.ts';

interface ProviderFormProps {
  bridge: Pick<Bridge, 'changeSettings' | 'checkProvider' | 'signIn'>;
  settings: SettingsView;
  label: string;
  onSaved: () => void;
  primary?: boolean;
}

type ProviderField = 'issuer' | 'clientId' | 'audience';

/** The form for the provider, which checks the address while the person types. */
export function ProviderForm({ bridge, settings, label, onSaved, primary = false }: ProviderFormProps) {
  const { provider } = texts;
  const [typed, setTyped] = useState<Record<ProviderField, string>>({
    issuer: settings.issuer ?? '',
    clientId: settings.clientId ?? '',
    audience: settings.audience ?? '',
  });
  const { fixed } = settings;
  const { isBusy, outcome, change, forget } = useChange(bridge, onSaved);
  const isNew = fixed.issuer === undefined && typed.issuer.trim() !== (settings.issuer ?? '');
  const check = useProviderCheck(bridge, typed.issuer, isNew);
  const { hint, problem } = said(check);
  const problemOf = (field: SettingField) => (outcome?.field === field ? outcome.message : undefined);

  function field(name: ProviderField) {
    return {
      id: name,
      value: typed[name],
      fixed: fixed[name],
      onInput(value: string) {
        forget();
        setTyped((before) => ({ ...before, [name]: value }));
      },
    };
  }

  function submit(event: SubmitEvent) {
    event.preventDefault();
    save();
  }

  function save(anyway?: true) {
    const free = (name: ProviderField) => (fixed[name] === undefined ? typed[name] : undefined);
    void change({
      setting: 'provider',
      issuer: free('issuer'),
      clientId: free('clientId'),
      audience: free('audience'),
      anyway,
    });
  }

  return (
    <form class="form" onSubmit={submit} noValidate>
      <Field
        {...field('issuer')}
        label={provider.issuer}
        hint={hint ?? provider.issuerHint}
        problem={problemOf('issuer') ?? problem}
      />
      <Field
        {...field('clientId')}
        label={provider.clientId}
        hint={provider.clientIdHint}
        problem={problemOf('clientId')}
      />
      <details class="more" open={settings.audience !== undefined || problemOf('audience') !== undefined}>
        <summary>{provider.more}</summary>
        <Field
          {...field('audience')}
          label={provider.audience}
          hint={provider.audienceHint}
          problem={problemOf('audience')}
        />
      </details>
      <Save
        label={label}
        isBusy={isBusy}
        outcome={outcome}
        said={['issuer', 'clientId', 'audience']}
        saved={outcome?.client && provider.saved[outcome.client]}
        primary={primary}
      >
        {outcome?.mayKeep && (
          <button type="button" class="quiet" onClick={() => save(true)}>
            {provider.saveAnyway}
          </button>
        )}
        {outcome?.client && (
          <button type="button" onClick={() => bridge.signIn()}>
            {provider.signInToTest}
          </button>
        )}
      </Save>
    </form>
  );
}

/** The result of the check so far. */
function said(check: ProviderCheck | 'checking' | undefined): { hint?: string; problem?: string } {
  const { provider } = texts;
  if (check === undefined) return {};
  if (check === 'checking') return { hint: provider.checking };
  if (check.ok) return { hint: provider.found(check.host) };
  if (check.reason === 'replaced') return {};
  return { problem: `${provider.failed[check.reason]} ${check.message}` };
}
