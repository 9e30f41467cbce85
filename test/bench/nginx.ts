// The yardstick: Debian's nginx, one worker, mutual TLS 1.3 in front and plain HTTP behind, nothing else.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Work } from './work.ts'

/** Writes nginx's files into `folder`; gives the arguments to start it with. */
export async function nginxArguments(
  folder: string,
  work: Work,
  port: number,
  upstreamPort: number,
): Promise<string[]> {
  const file = (name: string): string => join(folder, name)
  await writeFile(file('server.crt'), work.server.cert)
  await writeFile(file('server.key'), work.server.key)
  await writeFile(file('callers.crt'), work.callersCa)
  await writeFile(
    file('nginx.conf'),
    `daemon off;
worker_processes 1;
pid ${file('nginx.pid')};
error_log ${file('error.log')} warn;
events { worker_connections 512; }
http {
  access_log off;
  client_body_temp_path ${file('body')};
  proxy_temp_path ${file('proxy')};
  fastcgi_temp_path ${file('fastcgi')};
  uwsgi_temp_path ${file('uwsgi')};
  scgi_temp_path ${file('scgi')};
  keepalive_requests 100000000;
  keepalive_timeout 600s;
  upstream server { server 127.0.0.1:${upstreamPort}; keepalive 64; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${file('server.crt')};
    ssl_certificate_key ${file('server.key')};
    ssl_client_certificate ${file('callers.crt')};
    ssl_verify_client on;
    ssl_protocols TLSv1.3;
    location / { proxy_pass http://server; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
`,
  )
  return ['-c', file('nginx.conf'), '-e', file('error.log')]
}
