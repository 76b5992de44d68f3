import { render } from 'preact';
import { ConsentWindow } from './consentWindow.tsx';

render(<ConsentWindow bridge={window.loopgate} />, document.body);
