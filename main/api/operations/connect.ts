import { z } from 'zod';
import type { Gate } from '../../access/gate.ts';
import type { Broker } from '../../broker/broker.ts';
import { jsonBody } from '../body.ts';
import { json, type Operation, text } from '../operation.ts';
import { contextAnswer, onboarded, parseConnection, parseOnboarded } from '../wire/connect.ts';
import { models } from '../wire/models.ts';
import { Applications } from './connectedApplications.ts';
import { personFor } from './user.ts';
import { comparedVersion, type Instance } from './wellKnown.ts';

/**
 * What editor plug-ins report about themselves (W11). These operations come last, because `/:application/onboarded`
 * also matches `/users/onboarded`.
 */
export function connectOperations(broker: Broker, gate: Gate, instance: Instance): Operation[] {
  const applications = new Applications();
  return [connect(broker, gate, instance, applications), rememberOnboarded(gate, applications)];
}

function connect(broker: Broker, gate: Gate, instance: Instance, applications: Applications): Operation {
  const os = { id: instance.id, version: comparedVersion(instance) };
  return {
    method: 'POST',
    path: '/connect',
    needs: 'nothing',
    description: {
      operationId: 'connect',
      tag: 'Service',
      summary: 'Says who calls, and gives the id for later calls',
      usedBy: 'all editor plug-ins, at their start',
      body: { content: { 'application/json': models.SeededConnectorConnection }, required: true },
      answer: { status: 200, description: 'The context', mediaType: 'application/json', schema: models.Context },
      errors: [],
    },
    handle: async (request) => {
      const { requester } = request;
      const connected = applications.connect(await gate.ownerOf(requester), parseConnection(jsonBody(request)));
      await gate.claim(requester, connected.name);
      return json(contextAnswer(connected, os, await personFor(requester, broker, gate)));
    },
  };
}

const rememberOnboarded = (gate: Gate, applications: Applications): Operation => ({
  method: 'POST',
  path: '/:application/onboarded',
  needs: 'nothing',
  description: {
    operationId: 'onboarded',
    tag: 'Service',
    summary: 'Remembers whether the program has shown its introduction',
    usedBy: 'editor plug-ins',
    body: { content: { 'application/json': onboarded }, required: true },
    answer: {
      status: 200,
      description: '`onboarded`',
      mediaType: 'text/plain',
      schema: z.string(),
    },
    alsoAnswers: { status: 401, description: 'The program has not connected' },
    errors: [],
  },
  handle: async (request) => {
    const id = request.path.split('/')[1] ?? '';
    const owner = await gate.ownerOf(request.requester);
    const isKnown = applications.setOnboarded(owner, id, parseOnboarded(jsonBody(request)));
    return isKnown ? text('onboarded') : text('This application has not connected. Call POST /connect first.', 401);
  },
});
