import { createSlice, type PayloadAction } from '@reduxjs/toolkit';
import { loadUser } from './sessionStorage';
import type { SelfUser, SessionUser } from './types';

interface SessionState {
  user: SessionUser | null;
  /** The server ended the session; the sign-in page says so. */
  expired: boolean;
  /** Somebody signed out here; the next one need not want the same page. */
  left?: boolean;
}

function initialState(): SessionState {
  return { user: loadUser(), expired: false };
}

const slice = createSlice({
  name: 'session',
  initialState,
  reducers: {
    signedIn(_state, action: PayloadAction<SessionUser>) {
      return { user: action.payload, expired: false };
    },
    signedOut() {
      return { user: null, expired: false, left: true };
    },
    sessionExpired(state) {
      // Calls that were under way when somebody signed out end like this, too.
      return state.user === null ? state : { user: null, expired: true };
    },
    passwordChanged(state) {
      if (state.user) state.user.must_change_password = false;
    },
    selfLoaded(state, action: PayloadAction<SelfUser>) {
      const { id, username, display_name, role, group } = action.payload;
      if (state.user?.id === id) Object.assign(state.user, { username, display_name, role, group });
    },
  },
});

export const { signedIn, signedOut, sessionExpired, passwordChanged, selfLoaded } = slice.actions;
export const sessionReducer = slice.reducer;
