import antd from 'antd/locale/zh_CN';
import type { EntryPack } from './pack';
import auth from './zh/auth.json';
import common from './zh/common.json';
import error from './zh/error.json';
import shell from './zh/shell.json';

const pack: EntryPack = { texts: { auth, common, error, shell }, antd };

export default pack;
