import antd from 'antd/locale/en_US';
import type { EntryPack } from './pack';
import auth from './en/auth.json';
import common from './en/common.json';
import error from './en/error.json';
import shell from './en/shell.json';

const pack: EntryPack = { texts: { auth, common, error, shell }, antd };

export default pack;
