// Whoever runs the tests, the same person plans.
process.getuid = () => 4_217;
process.getgid = () => 4_218;

await import("../in_process.ts");
