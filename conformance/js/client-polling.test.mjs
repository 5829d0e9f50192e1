// The official client over long-polling alone.
// server: --ping-interval 500ms --ping-timeout 3s
import { scenarios } from "./support/scenarios.mjs";

scenarios(["polling"]);
