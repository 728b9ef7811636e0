import { ApiOutlined, DashboardOutlined, FileTextOutlined, KeyOutlined, SettingOutlined, TeamOutlined } from '@ant-design/icons';
import type { ReactNode } from 'react';
import { Role } from '@/features/session/types';

export interface NavItem {
  path: string;
  /** Key below `shell.nav` in the texts. */
  label: 'dashboard' | 'channels' | 'tokens' | 'logs' | 'users' | 'settings';
  icon: ReactNode;
  role: number;
}

/** The console's places, in the order of the navigation, each with the least role that sees it. */
export const navItems: NavItem[] = [
  { path: '/detail', label: 'dashboard', icon: <DashboardOutlined />, role: Role.common },
  { path: '/channel', label: 'channels', icon: <ApiOutlined />, role: Role.admin },
  { path: '/token', label: 'tokens', icon: <KeyOutlined />, role: Role.common },
  { path: '/log', label: 'logs', icon: <FileTextOutlined />, role: Role.common },
  { path: '/user', label: 'users', icon: <TeamOutlined />, role: Role.admin },
  { path: '/setting', label: 'settings', icon: <SettingOutlined />, role: Role.root },
];
