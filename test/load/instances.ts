/** One of two instances is killed and started again under load: GET never fails, POST only where it was under way there. */

import { startWatchedGateway, type WatchedGateway } from '../fuzz/watched-gateway.ts';
import { restartInstances } from '../support/restarted-instances.ts';

const RESTARTS = 20;
const CLIENTS = 25;

export async function showInstances(): Promise<boolean> {
  let gateway: WatchedGateway | undefined;
  const start = async (yaml: string) => {
    gateway = await startWatchedGateway(yaml);
    return gateway;
  };
  const figures = await restartInstances(start, { clients: CLIENTS, restarts: RESTARTS });
  const fault = gateway?.failure();
  gateway?.kill();
  const { answered, failed, failedGet, failedPost, unsentPost, begunPost, repeated } = figures;
  console.log(
    `${RESTARTS} times one of two instances killed and started again, ${CLIENTS} clients with GET, ${CLIENTS} with POST`,
  );
  console.log('answered', answered, 'failed', failed);
  console.log(`POST failed ${failedPost}: begun by the killed instance ${begunPost}, not sent to any ${unsentPost}`);
  console.log(`POST begun more than once ${repeated}; GET failed ${failedGet}`);
  return fault === undefined && failedGet === 0 && unsentPost === 0 && repeated === 0;
}
