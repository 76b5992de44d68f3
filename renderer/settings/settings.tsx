import { useState } from 'preact/hooks';
import type { Bridge } from '../../preload/contract.ts';
import type { AppView, StorageView } from '../../preload/views/appView.ts';
import type { SettingsView } from '../../preload/views/settings.ts';
import { Field } from '../form/field.tsx';
import { Managed } from '../form/managed.tsx';
import { ProviderForm } from '../form/providerForm.tsx';
import { Save } from '../form/save.tsx';
import { useChange } from '../form/useChange.ts';
import { Path } from '../parts/path.tsx';
import { texts } from '../parts/texts.ts';
import { Choice } from './choice.tsx';
import { Help } from './help.tsx';
import { Registration } from './registration.tsx';
import { Removal } from './removal.tsx';
import { useSettings } from './useSettings.ts';

interface SettingsProps {
  bridge: Bridge;
  view: AppView;
  onAnnounce: (text: string) => void;
}

interface PartProps {
  bridge: Bridge;
  settings: SettingsView;
  onSaved: () => void;
}

/** Loopgate's settings. Each part is tried before it is saved, and shows its own result. */
export function Settings({ bridge, view, onAnnounce }: SettingsProps) {
  const { settings: words } = texts;
  const { settings, askAgain } = useSettings(bridge, view);
  return (
    <div class="settings-view">
      <h2 id="settings" tabIndex={-1}>
        {words.heading}
      </h2>
      {settings ? (
        <>
          {settings.managed && <Managed managed={settings.managed} />}
          <section class="card" aria-labelledby="settings-provider">
            <h3 id="settings-provider">{words.provider}</h3>
            {view.demo && <p class="demo">{words.demo}</p>}
            <ProviderForm bridge={bridge} settings={settings} label={words.save} onSaved={askAgain} />
            <p class="muted small">{words.others}</p>
            <Registration settings={settings} actions={bridge} onAnnounce={onAnnounce} />
          </section>
          <Port bridge={bridge} settings={settings} onSaved={askAgain} address={view.address} />
          <Guard bridge={bridge} settings={settings} onSaved={askAgain} />
          <Theme bridge={bridge} settings={settings} onSaved={askAgain} />
          <StartAtLogin bridge={bridge} settings={settings} onSaved={askAgain} />
          <Kept home={settings.home} storage={view.storage} />
          <Help bridge={bridge} view={view} onAnnounce={onAnnounce} />
          <Removal bridge={bridge} />
        </>
      ) : (
        <p class="muted">{words.loading}</p>
      )}
    </div>
  );
}

function Port({ bridge, settings, onSaved, address }: PartProps & { address: string }) {
  const { settings: words } = texts;
  const [typed, setTyped] = useState(settings.port === undefined ? '' : String(settings.port));
  const { isBusy, outcome, change, forget } = useChange(bridge, onSaved);
  const fixed = settings.fixed.port;

  function submit(event: SubmitEvent) {
    event.preventDefault();
    if (fixed === undefined) void change({ setting: 'port', port: typed });
  }

  return (
    <form class="card form" onSubmit={submit} noValidate>
      <Field
        id="port"
        label={words.port}
        value={typed}
        numeric
        hint={words.portHint(new URL(address).port)}
        problem={outcome?.field === 'port' ? outcome.message : undefined}
        fixed={fixed}
        onInput={(value) => {
          forget();
          setTyped(value);
        }}
      />
      {fixed === undefined && <Save label={words.save} isBusy={isBusy} outcome={outcome} said={['port']} />}
    </form>
  );
}

const guards = ['ask', 'listed', 'same-user'] as const;

/** Has its own button: the arrow keys pass over modes that the person does not mean to choose. */
function Guard({ bridge, settings, onSaved }: PartProps) {
  const { settings: words } = texts;
  const [chosen, setChosen] = useState(settings.guard);
  const { isBusy, outcome, change, forget } = useChange(bridge, onSaved);
  const fixed = settings.fixed.guard;

  function submit(event: SubmitEvent) {
    event.preventDefault();
    void change({ setting: 'guard', guard: chosen });
  }

  return (
    <form class="card form" onSubmit={submit}>
      <Choice
        name="guard"
        title={words.guard}
        choices={guards}
        labels={words.guards}
        chosen={fixed === undefined ? chosen : settings.guard}
        fixed={fixed}
        onChoose={(guard) => {
          forget();
          setChosen(guard);
        }}
      />
      {fixed === undefined && <Save label={words.save} isBusy={isBusy} outcome={outcome} />}
    </form>
  );
}

const themes = ['system', 'light', 'dark'] as const;

function Theme({ bridge, settings, onSaved }: PartProps) {
  const { settings: words } = texts;
  const { outcome, change } = useChange(bridge, onSaved);
  return (
    <div class="card">
      <Choice
        name="theme"
        title={words.theme}
        choices={themes}
        labels={words.themes}
        chosen={settings.theme}
        fixed={settings.fixed.theme}
        onChoose={(theme) => void change({ setting: 'theme', theme })}
      />
      {outcome?.message !== undefined && (
        <p role="alert" class="wrong">
          {outcome.message}
        </p>
      )}
    </div>
  );
}

function StartAtLogin({ bridge, settings, onSaved }: PartProps) {
  const { settings: words } = texts;
  const { startAtLogin, startAtLoginNotice: notice } = settings;
  return (
    <section class="card" aria-labelledby="settings-start">
      <h3 id="settings-start">{words.startAtLogin}</h3>
      {startAtLogin === undefined ? (
        <p class="muted small">{notice ?? words.startAtLoginMissing}</p>
      ) : (
        <label class="option">
          <input
            type="checkbox"
            checked={startAtLogin}
            onChange={(event) => {
              bridge.setStartAtLogin(event.currentTarget.checked ? 'on' : 'off');
              onSaved();
            }}
          />
          {words.startAtLoginLabel}
        </label>
      )}
      {startAtLogin !== undefined && notice !== undefined && <p class="muted small">{notice}</p>}
    </section>
  );
}

function Kept({ home, storage }: { home: string; storage: StorageView }) {
  const { settings: words } = texts;
  const { keptWhat } = words;
  return (
    <section class="card" aria-labelledby="settings-kept">
      <h3 id="settings-kept">{words.kept}</h3>
      <p>
        {words.folder} <Path path={home} />
      </p>
      <dl class="kept">
        <dt>{keptWhat.session}</dt>
        <dd>{words.places[storage.kind]}</dd>
        <dt>{keptWhat.settings}</dt>
        <dd>settings.json</dd>
        <dt>{keptWhat.programs}</dt>
        <dd>programs.json</dd>
        <dt>{keptWhat.log}</dt>
        <dd>logs</dd>
      </dl>
    </section>
  );
}
