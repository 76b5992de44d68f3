import { render } from 'preact';
import { App } from './app.tsx';
import { texts } from './parts/texts.ts';

document.documentElement.lang = texts.language;
render(<App bridge={window.loopgate} />, document.body);
