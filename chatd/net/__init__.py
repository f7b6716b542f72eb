"""The libevent analogue: event loops, listeners, buffered connections. It knows nothing of chat.

| here | libevent |
|---|---|
| `loop.EventLoop` | `event_base` |
| `acceptor.Acceptor` | `evconnlistener` |
| `connection.Connection` | `bufferevent` |
| `workers.WorkerPool` | one base per thread |
"""
