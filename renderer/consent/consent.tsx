import { render } from 'preact';
import { texts } from '../parts/texts.ts';
import { ConsentWindow } from './consentWindow.tsx';

document.documentElement.lang = texts.language;
document.title = texts.windows.consent;
render(<ConsentWindow bridge={window.loopgate} />, document.body);
