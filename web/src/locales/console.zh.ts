import 'dayjs/locale/zh-cn';
import type { ConsolePack } from './pack';
import channels from './zh/channels.json';
import dashboard from './zh/dashboard.json';
import logs from './zh/logs.json';
import nodes from './zh/nodes.json';
import settings from './zh/settings.json';
import tokens from './zh/tokens.json';
import users from './zh/users.json';

const pack: ConsolePack = { texts: { channels, dashboard, logs, nodes, settings, tokens, users } };

export default pack;
