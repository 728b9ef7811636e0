import { theme as antdTheme, type ThemeConfig } from 'antd';

export type Shade = 'light' | 'dark';

/** The console's typeface; the browser's fonts only. */
export const fontSans =
  "Inter, -apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, 'PingFang SC', 'Hiragino Sans GB', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans SC', 'Helvetica Neue', Arial, sans-serif";
const fontMono = "ui-monospace, SFMono-Regular, 'SF Mono', Menlo, Consolas, 'Liberation Mono', monospace";

interface Palette {
  canvas: string;
  surface: string;
  sunken: string;
  line: string;
  ink: string;
  muted: string;
  accent: string;
  accentSoft: string;
  good: string;
  warn: string;
  bad: string;
}

/** Every colour of the console, for both shades; the only place where one is written down. */
export const palettes: Record<Shade, Palette> = {
  light: {
    canvas: '#f5f7f7',
    surface: '#ffffff',
    sunken: '#f0f3f3',
    line: '#e2e8e7',
    ink: '#14211f',
    muted: '#56666a',
    accent: '#0f766e',
    accentSoft: '#e0f2ef',
    good: '#15803d',
    warn: '#8a5406',
    bad: '#c02626',
  },
  dark: {
    canvas: '#0d1312',
    surface: '#141c1b',
    sunken: '#1b2524',
    line: '#27332f',
    ink: '#e6eeec',
    muted: '#94a5a1',
    accent: '#2fbfa9',
    accentSoft: '#12332e',
    good: '#4ade80',
    warn: '#facc15',
    bad: '#f87171',
  },
};

/** Series colours of charts, readable on both shades. */
export const seriesColors = ['#0f9d8c', '#4f7cff', '#e0913a', '#a96bdb', '#d9566f', '#5ba3c9', '#8aa33b', '#8b95a1'];

/** Puts the palette on the root element, where the style sheet finds it. */
export function applyPalette(shade: Shade): void {
  const palette = palettes[shade];
  const root = document.documentElement;
  root.dataset.theme = shade;
  const names: Record<string, string> = {
    '--ya-canvas': palette.canvas,
    '--ya-surface': palette.surface,
    '--ya-sunken': palette.sunken,
    '--ya-line': palette.line,
    '--ya-ink': palette.ink,
    '--ya-muted': palette.muted,
    '--ya-accent': palette.accent,
    '--ya-accent-soft': palette.accentSoft,
    '--ya-good': palette.good,
    '--ya-warn': palette.warn,
    '--ya-bad': palette.bad,
    '--ya-font': fontSans,
    '--ya-font-mono': fontMono,
  };
  for (const [name, value] of Object.entries(names)) root.style.setProperty(name, value);
}

/** The same palette as tokens of the component library, which keeps still for people who want that. */
export function antdThemeFor(shade: Shade, still: boolean): ThemeConfig {
  const palette = palettes[shade];
  return {
    algorithm: shade === 'dark' ? antdTheme.darkAlgorithm : antdTheme.defaultAlgorithm,
    hashed: false,
    token: {
      motion: !still,
      colorPrimary: palette.accent,
      // What the library would mix itself from so dark an accent is muddy.
      colorPrimaryBg: palette.accentSoft,
      controlItemBgActive: palette.accentSoft,
      controlItemBgActiveHover: palette.accentSoft,
      controlOutline: `${palette.accent}40`,
      colorInfo: palette.accent,
      colorLink: palette.accent,
      colorSuccess: palette.good,
      colorWarning: palette.warn,
      colorError: palette.bad,
      colorBgLayout: palette.canvas,
      colorBgContainer: palette.surface,
      colorBgElevated: shade === 'dark' ? '#1a2423' : '#ffffff',
      colorText: palette.ink,
      colorTextSecondary: palette.muted,
      colorTextDescription: palette.muted,
      colorTextPlaceholder: shade === 'dark' ? '#84948f' : '#6a7876',
      colorBorder: shade === 'dark' ? '#364440' : '#cfd8d6',
      colorBorderSecondary: palette.line,
      fontFamily: fontSans,
      fontFamilyCode: fontMono,
      borderRadius: 8,
      controlHeight: 36,
      wireframe: false,
    },
    components: {
      Button: {
        primaryShadow: 'none',
        defaultShadow: 'none',
        dangerShadow: 'none',
        primaryColor: shade === 'dark' ? '#04201b' : '#ffffff',
        fontWeight: 500,
      },
      Table: { headerBg: palette.sunken, headerColor: palette.muted, headerSplitColor: 'transparent' },
      Form: { itemMarginBottom: 18, labelHeight: 24 },
      Segmented: { trackBg: palette.sunken, itemSelectedBg: shade === 'dark' ? '#31413d' : '#ffffff' },
    },
  };
}
