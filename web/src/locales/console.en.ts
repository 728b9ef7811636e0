import type { ConsolePack } from './pack';
import channels from './en/channels.json';
import dashboard from './en/dashboard.json';
import logs from './en/logs.json';
import nodes from './en/nodes.json';
import settings from './en/settings.json';
import tokens from './en/tokens.json';
import users from './en/users.json';

const pack: ConsolePack = { texts: { channels, dashboard, logs, nodes, settings, tokens, users } };

export default pack;
