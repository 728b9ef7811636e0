import { combineReducers, configureStore } from '@reduxjs/toolkit';
import { api } from '@/api/api';
import { preferencesReducer } from '@/features/preferences/preferencesSlice';
import { savePreferences } from '@/features/preferences/preferencesStorage';
import { sessionReducer } from '@/features/session/sessionSlice';
import { saveUser } from '@/features/session/sessionStorage';

const reducers = combineReducers({
  [api.reducerPath]: api.reducer,
  session: sessionReducer,
  preferences: preferencesReducer,
});

export type RootState = ReturnType<typeof reducers>;

/** Another user must never see what the last one loaded, so a change of user empties the cache. */
function rootReducer(state: RootState | undefined, action: Parameters<typeof reducers>[1]): RootState {
  const next = reducers(state, action);
  const changed = state !== undefined && state.session.user?.id !== next.session.user?.id;
  return changed ? { ...next, [api.reducerPath]: api.reducer(undefined, { type: 'session/emptied' }) } : next;
}

/** Builds the store and keeps the browser's memory of user and preferences in step with it. */
export function createStore() {
  const store = configureStore({
    reducer: rootReducer,
    middleware: (defaults) => defaults().concat(api.middleware),
  });
  let last = store.getState();
  store.subscribe(() => {
    const state = store.getState();
    if (state.session.user !== last.session.user) saveUser(state.session.user);
    if (state.preferences !== last.preferences) savePreferences(state.preferences);
    last = state;
  });
  return store;
}

export type AppDispatch = ReturnType<typeof createStore>['dispatch'];
