import { MenuOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'react-router';
import { LanguageSwitch } from '@/features/preferences/LanguageSwitch';
import { ThemeSwitch } from '@/features/preferences/ThemeSwitch';
import { navItems } from './navigation';
import { UserMenu } from './UserMenu';

/** The bar above every page: where one is, the switches, and the own account. */
export function TopBar({ onOpenNavigation }: { onOpenNavigation: () => void }) {
  const { t } = useTranslation();
  const { pathname } = useLocation();
  const here = navItems.find((item) => item.path === pathname);
  return (
    <header className="sticky top-0 z-20 flex h-15 items-center gap-1 border-b border-line bg-surface/95 px-3 backdrop-blur md:px-6 xl:px-8">
      <Button
        type="text"
        icon={<MenuOutlined />}
        aria-label={t('shell.openNavigation')}
        className="md:hidden!"
        onClick={onOpenNavigation}
      />
      <span className="min-w-0 flex-1 truncate px-1 font-medium md:text-muted" aria-hidden="true">
        {here ? t(`shell.nav.${here.label}`) : ''}
      </span>
      <LanguageSwitch />
      <ThemeSwitch />
      <UserMenu />
    </header>
  );
}
