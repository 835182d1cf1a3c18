import { expect, test } from 'vitest';
import { RevokedTokens } from '../../src/config/revoked/revoked-tokens.ts';
import { OpenExchanges } from '../../src/open-exchanges.ts';
import type { Transaction } from '../../src/transaction.ts';

function transactionOf(jti: string | undefined): Transaction {
  return { vouched: jti === undefined ? undefined : { claims: { jti } } } as Transaction;
}

test('revoked tokens: what they have opened ends, also after one of them could not be ended', async () => {
  const open = new OpenExchanges();
  const ended: string[] = [];
  const add = (name: string, transaction: Transaction, end = () => void ended.push(name)) => {
    open.add(transaction);
    open.endBy(transaction, end);
    return transaction;
  };
  const broken = add('broken', transactionOf('stolen'), () => {
    throw new Error('it cannot be ended');
  });
  add('stolen', transactionOf('stolen'));
  add('good', transactionOf('good'));
  add('without a token', transactionOf(undefined));
  open.delete(add('over', transactionOf('stolen')));
  const revoked = new RevokedTokens();
  revoked.add({ jti: 'stolen' });
  const faults: Transaction[] = [];
  await open.endRevoked(revoked, transaction => faults.push(transaction));
  expect(ended).toEqual(['stolen']);
  expect(faults).toEqual([broken]);
});
