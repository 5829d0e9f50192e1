// The test function of every script: node's, with a time limit on each test.
import { test as run } from "node:test";

const timeout = 10_000; // milliseconds

export const test = (name, fn) => run(name, { timeout }, fn);
