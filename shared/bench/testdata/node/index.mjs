// The same job as people write it in Node: partial batch responses by Powertools, the SDK's client, one call after
// another. Below it stands the least of a Lambda runtime: the real one does more, and takes longer.
import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { PutIdentityPolicyCommand, SESClient } from '@aws-sdk/client-ses';
import http from 'node:http';

const processor = new BatchProcessor(EventType.SQS);
const client = new SESClient({});

async function put(record) {
  const { Identity, PolicyName, Policy } = JSON.parse(record.body);
  await client.send(new PutIdentityPolicyCommand({
    Identity, PolicyName, Policy: typeof Policy === 'string' ? Policy : JSON.stringify(Policy),
  }));
}

const handler = (event, context) => processPartialResponse(event, put, processor, { context, processInParallel: false });

const runtime = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation/`;

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const request = http.request(runtime + path, { method }, (response) => {
      let text = '';
      response.on('data', (part) => { text += part; });
      response.on('end', () => resolve({ id: response.headers['lambda-runtime-aws-request-id'], text }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

for (;;) {
  const next = await call('GET', 'next');
  const result = await handler(JSON.parse(next.text), { getRemainingTimeInMillis: () => 1000 });
  await call('POST', `${next.id}/response`, JSON.stringify(result));
}
