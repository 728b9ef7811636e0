import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Provider } from 'react-redux';
import { App } from '@/app/App';
import { createStore } from '@/app/store';
import './index.css';

const root = document.getElementById('root');
if (!root) throw new Error('The page lacks its root element.');

createRoot(root).render(
  <StrictMode>
    <Provider store={createStore()}>
      <App />
    </Provider>
  </StrictMode>,
);
