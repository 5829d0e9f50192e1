// What the scripts are told by whoever runs them.

// base is the address of the server under test, such as http://127.0.0.1:3000.
export const base = required("BRIO_URL");

// control is the address at which POST /restart and POST /crash replace the
// server by a new one on the same port, and answer when it listens.
export const control = () => required("BRIO_CONTROL");

export const paths = ["/engine.io/", "/socket.io/"];

export const namespaces = ["/", "/custom"];

// label returns what stands for a path or a namespace in the name of a test.
export const label = (path) => path.replaceAll("/", "") || "main";

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`set ${name}: see conformance_test.go`);
  return value.replace(/\/$/, "");
}
