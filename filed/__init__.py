"""The file daemon: resumable uploads and ranged downloads over HTTP/1.1, one thread per connection."""
