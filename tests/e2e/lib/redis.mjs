// A Redis of this test's own, which can be stopped and started again.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import net from 'node:net';
import { freePort, until } from './yourapi.mjs';

export class Redis {
  // null where it is not installed.
  static async start() {
    if (spawnSync('redis-server', ['--version']).status !== 0) return null;
    const redis = new Redis();
    redis.port = await freePort();
    redis.url = `redis://127.0.0.1:${redis.port}`;
    await redis.launch();
    return redis;
  }

  async launch() {
    this.child = spawn('redis-server', ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
      { stdio: 'ignore' });
    this.exited = new Promise((done) => this.child.on('exit', done));
    await until('Redis listens', () => new Promise((done) => {
      const socket = net.connect(this.port, '127.0.0.1', () => { socket.destroy(); done(true); });
      socket.on('error', () => done(false));
    }));
  }

  async stop() {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  ask(...words) {
    return execFileSync('redis-cli', ['-p', String(this.port), ...words], { encoding: 'utf8' }).trim();
  }
}
