/** The product's mark: two paths that meet in one, a Y. Decorative; the name stands beside it. */
export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" fill="#0f766e" />
      <path
        d="M9 9v2.5a4.5 4.5 0 0 0 4.5 4.5h5A4.5 4.5 0 0 0 23 11.5V9M16 16v7"
        fill="none"
        stroke="#fff"
        strokeWidth="2.6"
        strokeLinecap="round"
      />
      <circle cx="9" cy="8.6" r="2.4" fill="#fff" />
      <circle cx="23" cy="8.6" r="2.4" fill="#fff" />
      <circle cx="16" cy="23.6" r="2.4" fill="#7ce7d6" />
    </svg>
  );
}
