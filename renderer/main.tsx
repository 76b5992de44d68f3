import { render } from 'preact';
import { App } from './app.tsx';

render(<App bridge={window.loopgate} />, document.body);
