/** What every configuration of a real nginx has that a test starts: one process, in the foreground, with all of its files in one folder. */

/** Contexts of `http` that log the status of each request to standard output. */
export const STATUS_LOG = "log_format status '$status';\n  access_log /dev/stdout status;";

const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

/**
 * @param folder for its process id and its temporary files.
 * @param http directives of the context `http`, where a request is logged among them.
 */
export function configureNginx(folder: string, http: string, connections = 64): string {
  return `
daemon off;
master_process off;
pid ${folder}/pid;
error_log stderr crit;
events { worker_connections ${connections}; }
http {
  ${TEMPORARY.map(name => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  ${http}
}`;
}
