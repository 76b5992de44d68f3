import { render } from 'preact';
import { ConsentWindow } from './consentWindow.tsx';
import { texts } from './texts.ts';

document.documentElement.lang = texts.language;
document.title = texts.windows.consent;
render(<ConsentWindow bridge={window.loopgate} />, document.body);
