// What is on a board: what the server says, and on top of it what waits to be sent.

export class Model {
  name = "";
  version = -1; // of the snapshot and the deltas that have come since; -1: none yet
  objects = new Map();

  // show takes a snapshot.
  show({ board, version, put = [] }) {
    this.name = board;
    this.version = version;
    this.objects = new Map(put.map((object) => [object.id, object]));
  }

  // take takes a delta and reports whether the board is whole: one that is known already changes nothing, and after
  // one that is missing only a snapshot helps.
  take({ board, version, put = [], drop = [] }) {
    if (board !== this.name || version <= this.version) return true;
    if (version !== this.version + 1) return false;
    this.version = version;
    for (const object of put) this.objects.set(object.id, object);
    for (const id of drop) this.objects.delete(id);
    return true;
  }

  // seen returns the objects as they will be when what waits has been sent, the lowest first.
  seen(edits) {
    const all = new Map(this.objects);
    for (const { edit, late } of edits) {
      if (edit.board !== this.name) continue;
      for (const id of edit.drop ?? []) all.delete(id);
      for (const object of edit.put ?? []) {
        const now = all.get(object.id);
        if (now || !object.z) all.set(object.id, { ...object, z: now?.z ?? Infinity, waiting: late });
      }
    }
    return [...all.values()].sort((a, b) => (a.z === b.z ? 0 : a.z - b.z));
  }
}
