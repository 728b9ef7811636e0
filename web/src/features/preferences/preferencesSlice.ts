import { createSlice, type PayloadAction } from '@reduxjs/toolkit';
import { loadPreferences } from './preferencesStorage';
import type { Language, ThemeMode } from './types';

const slice = createSlice({
  name: 'preferences',
  initialState: loadPreferences,
  reducers: {
    languageChosen(state, action: PayloadAction<Language>) {
      state.language = action.payload;
    },
    themeChosen(state, action: PayloadAction<ThemeMode>) {
      state.themeMode = action.payload;
    },
  },
});

export const { languageChosen, themeChosen } = slice.actions;
export const preferencesReducer = slice.reducer;
