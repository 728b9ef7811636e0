// An HTTP server on loopback; what answers is `serve(req, res)` of the class that extends it.
import http from 'node:http';

export class FakeServer {
  async listen() {
    this.server = http.createServer((req, res) => this.serve(req, res));
    await new Promise((done) => this.server.listen(0, '127.0.0.1', done));
    this.port = this.server.address().port;
    this.url = `http://127.0.0.1:${this.port}`;
    return this;
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}
