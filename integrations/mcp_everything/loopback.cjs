// The server listens on all interfaces. Loaded before it, this keeps it on this machine.
const net = require('node:net')

const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (port, ...rest) {
  return listen.call(this, Number(port), '127.0.0.1', ...rest)
}
