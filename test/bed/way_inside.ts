// The other end of ways: listens on each address and passes everything on through its socket file.
import { connect, createServer } from "node:net";

const words = process.argv.slice(2);
for (let at = 0; at < words.length; at += 2) {
  const [address = "", file = ""] = words.slice(at, at + 2);
  const [host = "", port = ""] = address.split(":");
  createServer((socket) => {
    const onward = connect(file);
    onward.pipe(socket).on("error", () => onward.destroy());
    socket.pipe(onward).on("error", () => socket.destroy());
  }).listen(Number(port), host);
}
