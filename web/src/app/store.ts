import { combineReducers, configureStore } from '@reduxjs/toolkit';
import { setupListeners } from '@reduxjs/toolkit/query';
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

/** Builds the store and keeps the browser's memory of user and preferences in step with it. */
export function createStore() {
  const store = configureStore({
    reducer: reducers,
    middleware: (defaults) => defaults().concat(api.middleware),
  });
  // Tells the API client when the window has the focus, so that pages that keep themselves fresh rest without it.
  setupListeners(store.dispatch);
  let last = store.getState();
  store.subscribe(() => {
    const state = store.getState();
    const before = last;
    last = state;
    if (state.session.user !== before.session.user) saveUser(state.session.user);
    if (state.preferences !== before.preferences) savePreferences(state.preferences);
    // Another user must never see what the last one loaded.
    const left = before.session.user && before.session.user.id !== state.session.user?.id;
    if (left) store.dispatch(api.util.resetApiState());
  });
  return store;
}

export type AppDispatch = ReturnType<typeof createStore>['dispatch'];
