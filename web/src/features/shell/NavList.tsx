import { useTranslation } from 'react-i18next';
import { NavLink } from 'react-router';
import { useSession } from '@/features/session/useSession';
import { navItems } from './navigation';

function linkClass({ isActive }: { isActive: boolean }): string {
  const state = isActive ? 'bg-accent-soft font-medium text-accent' : 'text-ink hover:bg-sunken';
  return `flex items-center gap-3 rounded-lg px-3 py-2 transition-colors ${state}`;
}

/** The places that the signed-in role may go to. */
export function NavList({ onPick }: { onPick?: () => void }) {
  const { t } = useTranslation();
  const { user } = useSession();
  const items = navItems.filter((item) => (user?.role ?? 0) >= item.role);
  return (
    <nav aria-label={t('shell.mainNavigation')}>
      <ul className="flex flex-col gap-1">
        {items.map((item) => (
          <li key={item.path}>
            <NavLink to={item.path} className={linkClass} onClick={onPick}>
              <span className="text-base" aria-hidden="true">
                {item.icon}
              </span>
              {t(`shell.nav.${item.label}`)}
            </NavLink>
          </li>
        ))}
      </ul>
    </nav>
  );
}
