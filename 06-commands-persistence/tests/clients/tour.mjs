// A tour of the server as a user of ioredis takes it.
//
// node tour.mjs MODULE ADDRESS [GROUP ...]: the module is ioredis's folder; the address is HOST:PORT, or unix:PATH. Goes through all
// groups of commands, or through these. What comes back must be what ioredis's users expect.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

const [modulePath, address, ...wanted] = process.argv.slice(2);
const { Redis } = createRequire(import.meta.url)(modulePath);
const same = assert.deepEqual;

function connect(options = {}) {
  if (address.startsWith("unix:")) {
    return new Redis({ path: address.slice("unix:".length), ...options });
  }
  const [host, port] = address.split(":");
  return new Redis({ host, port: Number(port), ...options });
}

async function refused(text, promise) {
  await assert.rejects(promise, (error) => error.name === "ReplyError" && error.message.includes(text));
}

function near(found, wanted) {
  assert.ok(Math.abs(Number(found) - wanted) < 1e-6 * Math.max(1, Math.abs(wanted)), `${found}`);
}

// Redis answers with pairs in one flat list.
function pairs(flat) {
  return flat.flatMap((value, index) => (index % 2 ? [] : [[value, flat[index + 1]]]));
}

const groups = {
  async strings(r) {
    same(await r.set("s", "value"), "OK");
    same(await r.get("s"), "value");
    same(await r.get("none"), null);
    same(await r.set("s", "x", "NX"), null);
    same(await r.set("s", "x", "EX", 100, "XX"), "OK");
    assert.ok((await r.ttl("s")) > 0);
    same(await r.getex("s", "PERSIST"), "x");
    same(await r.getdel("s"), "x");
    same(await r.setnx("n", 5), 1);
    same(await r.incr("n"), 6);
    same(await r.incrby("n", 4), 10);
    same(await r.decrby("n", 20), -10);
    same(await r.incrbyfloat("n", 0.5), "-9.5");
    await refused("ERR value is not an integer", r.incr("n"));
    same(await r.append("a", "Hello World"), 11);
    same(await r.getrange("a", -5, -1), "World");
    same(await r.setrange("a", 6, "Redis"), 11);
    same(await r.strlen("a"), 11);
    same(await r.mset({ m1: 1, m2: 2 }), "OK");
    same(await r.mget("m1", "none", "m2"), ["1", null, "2"]);
    same(await r.msetnx("m2", 0, "m3", 0), 0);
    same(await r.lcs("m1", "a", "LEN"), 0);
    const bytes = Buffer.from([0, 255, 13, 10, 0]);
    await r.set("bytes", bytes);
    same(await r.getBuffer("bytes"), bytes);
  },
  async bits(r) {
    same(await r.setbit("b", 7, 1), 0);
    same(await r.getbit("b", 7), 1);
    await r.set("b", "foobar");
    same(await r.bitcount("b"), 26);
    same(await r.bitcount("b", 5, 30, "BIT"), 17);
    same(await r.bitpos("b", 1), 1);
    await r.set("c", "abcdef");
    same(await r.bitop("AND", "d", "b", "c"), 6);
    same(await r.get("d"), "`bc`ab");
    same(await r.bitfield("f", "SET", "u8", 0, 250, "OVERFLOW", "FAIL", "INCRBY", "u8", 0, 10), [0, null]);
    same(await r.bitfield_ro("f", "GET", "u8", 0), [250]);
  },
  async lists(r) {
    same(await r.rpush("l", "a", "b", "c"), 3);
    same(await r.lpush("l", ["x", "y"]), 5);
    same(await r.lrange("l", 0, -1), ["y", "x", "a", "b", "c"]);
    same(await r.lpushx("none", "a"), 0);
    same(await r.rpushx("l", "c"), 6);
    same(await r.lindex("l", -1), "c");
    same(await r.lset("l", 0, "z"), "OK");
    same(await r.linsert("l", "BEFORE", "a", "w"), 7);
    same(await r.lpos("l", "c", "RANK", -1), 6);
    same(await r.lpos("l", "c", "COUNT", 0), [5, 6]);
    same(await r.lrem("l", 1, "c"), 1);
    same(await r.ltrim("l", 0, 4), "OK");
    same(await r.lpop("l"), "z");
    same(await r.rpop("l", 2), ["b", "a"]);
    same(await r.lmove("l", "m", "LEFT", "RIGHT"), "x");
    same(await r.rpoplpush("l", "m"), "w");
    same(await r.lmpop(2, "l", "m", "LEFT", "COUNT", 5), ["m", ["w", "x"]]);
    same(await r.lmpop(1, "none", "LEFT"), null);
    await r.rpush("l", 1);
    await refused("WRONGTYPE", r.get("l"));
  },
  async waiting(r) {
    same(await r.blpop("none", 0.01), null);
    same(await r.blmove("none", "x", "LEFT", "LEFT", 0.01), null);
    const [one, two, three] = [connect(), connect(), connect()];
    const blocked = async (count) => {
      while (!(await r.info("clients")).includes(`blocked_clients:${count}\r\n`));
    };
    const first = one.blpop("a", "b", 20);
    await blocked(1);
    const second = two.blmove("b", "c", "LEFT", "RIGHT", 20);
    await blocked(2);
    const third = three.blmpop(20, 1, "c", "LEFT", "COUNT", 5);
    await blocked(3);
    same(await r.rpush("b", 1, 2, 3), 3);
    same(await Promise.all([first, second, third]), [["b", "1"], "2", ["c", ["2"]]]);
    same(await r.lrange("b", 0, -1), ["3"]);
    [one, two, three].forEach((client) => client.disconnect());
  },
  async hashes(r) {
    same(await r.hset("h", { a: 1, b: "two" }), 2);
    same(await r.hset("h", "a", 3), 0);
    same(await r.hmset("h", new Map([["a", 4]])), "OK");
    same(await r.hget("h", "a"), "4");
    same(await r.hmget("h", "a", "none"), ["4", null]);
    same(await r.hgetall("h"), { a: "4", b: "two" });
    same(await r.hgetall("none"), {});
    same(await r.hsetnx("h", "a", 0), 0);
    same(await r.hexists("h", "a"), 1);
    same(await r.hstrlen("h", "b"), 3);
    same((await r.hkeys("h")).sort(), ["a", "b"]);
    same((await r.hvals("h")).sort(), ["4", "two"]);
    same(await r.hincrby("h", "a", -5), -1);
    same(await r.hincrbyfloat("h", "a", 1.25), "0.25");
    same((await r.hrandfield("h", 5)).sort(), ["a", "b"]);
    same((await r.hrandfield("h", -3, "WITHVALUES")).length, 6);
    same(await r.hdel("h", "a", "b", "none"), 2);
    same(await r.hlen("h"), 0);
  },
  async sets(r) {
    same(await r.sadd("s1", "a", "b", "c"), 3);
    same(await r.sadd("s2", "b", "c", "d"), 3);
    same((await r.smembers("s1")).sort(), ["a", "b", "c"]);
    same(await r.sismember("s1", "a"), 1);
    same(await r.smismember("s1", "a", "z"), [1, 0]);
    same((await r.sinter("s1", "s2")).sort(), ["b", "c"]);
    same((await r.sunion("s1", "s2")).sort(), ["a", "b", "c", "d"]);
    same(await r.sdiff("s1", "s2"), ["a"]);
    same(await r.sintercard(2, "s1", "s2", "LIMIT", 1), 1);
    same(await r.sinterstore("s3", "s1", "s2"), 2);
    same(await r.sunionstore("s3", "s1", "s2"), 4);
    same(await r.sdiffstore("s3", "s2", "s1"), 1);
    same(await r.smove("s1", "s3", "a"), 1);
    same((await r.srandmember("s3", -5)).length, 5);
    same((await r.spop("s3", 5)).sort(), ["a", "d"]);
    same(await r.srem("s1", "b", "z"), 1);
    same(await r.scard("s1"), 1);
  },
  async sorted_sets(r) {
    same(await r.zadd("z", 1, "a", 2.5, "b", "+inf", "c"), 3);
    same(await r.zadd("z", "GT", "CH", 5, "a"), 1);
    same(await r.zadd("z", "INCR", -4, "a"), "1");
    same(await r.zscore("z", "c"), "inf");
    same(await r.zmscore("z", "b", "none"), ["2.5", null]);
    same(await r.zincrby("z", 0.5, "b"), "3");
    same(await r.zcount("z", "(1", "+inf"), 2);
    same(await r.zrank("z", "b"), 1);
    same(await r.zrevrank("z", "none"), null);
    same(await r.zrange("z", 0, -1, "WITHSCORES"), ["a", "1", "b", "3", "c", "inf"]);
    same(await r.zrange("z", "+inf", "(1", "BYSCORE", "REV", "LIMIT", 1, 5), ["b"]);
    same(await r.zrangebyscore("z", 0, 3), ["a", "b"]);
    same(await r.zrevrangebyscore("z", 3, 0, "LIMIT", 0, 1), ["b"]);
    await r.zadd("lex", 0, "a", 0, "b", 0, "c");
    same(await r.zrangebylex("lex", "-", "(c"), ["a", "b"]);
    same(await r.zlexcount("lex", "[b", "+"), 2);
    same(await r.zremrangebylex("lex", "[a", "[a"), 1);
    same(await r.zremrangebyrank("lex", 0, 0), 1);
    same(await r.zremrangebyscore("lex", 0, 0), 1);
    await r.zadd("y", 10, "b", 20, "d");
    same(await r.zunion(2, "z", "y", "WEIGHTS", 1, 2), ["a", "b", "d", "c"]);
    same(await r.zinter(2, "z", "y", "WITHSCORES"), ["b", "13"]);
    same(await r.zdiff(2, "z", "y"), ["a", "c"]);
    same(await r.zunionstore("out", 2, "z", "y", "AGGREGATE", "MAX"), 4);
    same(await r.zinterstore("out", 2, "z", "y"), 1);
    same(await r.zdiffstore("out", 2, "z", "y"), 2);
    same(await r.zrangestore("out", "z", 0, 1), 2);
    same(await r.zintercard(2, "z", "y"), 1);
    same((await r.zrandmember("z", -4, "WITHSCORES")).length, 8);
    same(await r.zpopmin("z"), ["a", "1"]);
    same(await r.zmpop(2, "none", "z", "MAX"), ["z", [["c", "inf"]]]);
    same(await r.bzpopmax("none", "z", 1), ["z", "b", "3"]);
    same(await r.bzpopmin("z", 0.01), null);
    same(await r.zrem("y", "b", "none"), 1);
    same(await r.zcard("y"), 1);
  },
  async keys(r) {
    await r.mset("k:1", 1, "k:2", 2, "k:3", 3);
    same((await r.keys("k:*")).sort(), ["k:1", "k:2", "k:3"]);
    same(await r.exists("k:1", "k:1", "none"), 2);
    same(await r.type("k:1"), "string");
    same(await r.del("k:1", "none"), 1);
    same(await r.unlink(["k:2"]), 1);
    same(await r.rename("k:3", "k:4"), "OK");
    same(await r.renamenx("k:4", "k:4"), 0);
    await refused("ERR no such key", r.rename("none", "x"));
    same(await r.copy("k:4", "k:5"), 1);
    same(await r.pexpire("k:5", 90000), 1);
    same(await r.expire("k:5", 10, "GT"), 0);
    same(await r.persist("k:5"), 1);
    same(await r.ttl("none"), -2);
    same(await r.object("ENCODING", "k:4"), "int");
    const dump = await r.dumpBuffer("k:4");
    same(await r.restore("k:6", 0, dump), "OK");
    same(await r.get("k:6"), "3");
    await refused("BUSYKEY", r.restore("k:6", 0, dump));
    await r.rpush("sort", 3, 1, 2);
    same(await r.sort("sort", "DESC"), ["3", "2", "1"]);
    same(await r.sort("sort", "BY", "k:*", "GET", "#", "GET", "none:*"), ["1", null, "2", null, "3", null]);
    same(await r.sort("sort", "ALPHA", "STORE", "sorted"), 3);
    same(await r.move("k:6", 1), 1);
    same(await r.swapdb(0, 1), "OK");
    same(await r.get("k:6"), "3");
    same(await r.dbsize(), 1);
    same(await r.flushall(), "OK");
  },
  async streams(r) {
    same(await r.xadd("x", "1-1", "a", 1, "b", 2), "1-1");
    same(await r.xadd("x", "NOMKSTREAM", "MAXLEN", "~", 100, "2-*", "a", 2), "2-0");
    await refused("equal or smaller", r.xadd("x", "1-1", "a", 1));
    same(await r.xrange("x", "-", "+", "COUNT", 1), [["1-1", ["a", "1", "b", "2"]]]);
    same(await r.xrevrange("x", "+", "(1-1"), [["2-0", ["a", "2"]]]);
    same(await r.xread("COUNT", 5, "STREAMS", "x", "1-1"), [["x", [["2-0", ["a", "2"]]]]]);
    same(await r.xread("BLOCK", 10, "STREAMS", "x", "$"), null);
    same(await r.xgroup("CREATE", "x", "g", 0), "OK");
    await refused("BUSYGROUP", r.xgroup("CREATE", "x", "g", 0));
    same((await r.xreadgroup("GROUP", "g", "c1", "STREAMS", "x", ">"))[0][1].length, 2);
    same(await r.xpending("x", "g"), [2, "1-1", "2-0", [["c1", "2"]]]);
    same(await r.xack("x", "g", "1-1"), 1);
    same(await r.xclaim("x", "g", "c2", 0, "2-0", "JUSTID"), ["2-0"]);
    same(await r.xautoclaim("x", "g", "c3", 0, "-", "JUSTID"), ["0-0", ["2-0"], []]);
    const info = Object.fromEntries(pairs(await r.xinfo("STREAM", "x")));
    same([info.length, info["last-generated-id"]], [2, "2-0"]);
    same((await r.xinfo("GROUPS", "x"))[0].slice(0, 4), ["name", "g", "consumers", 3]);
    same(await r.xdel("x", "1-1"), 1);
    same(await r.xtrim("x", "MAXLEN", 0), 1);
    same(await r.xlen("x"), 0);
    const other = connect();
    const read = other.xread("BLOCK", 20000, "STREAMS", "later", "0");
    while (!(await r.info("clients")).includes("blocked_clients:1\r\n"));
    await r.xadd("later", "7-7", "f", "v");
    same(await read, [["later", [["7-7", ["f", "v"]]]]]);
    other.disconnect();
  },
  async geo(r) {
    same(await r.geoadd("g", 13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania"), 2);
    same(await r.geodist("g", "Palermo", "Catania", "km"), "166.2742");
    same(await r.geohash("g", "Palermo", "none"), ["sqc8b49rny0", null]);
    near((await r.geopos("g", "Palermo"))[0][1], 38.11555639549629859);
    same(await r.geosearch("g", "FROMLONLAT", 15, 37, "BYRADIUS", 200, "km", "ASC"), ["Catania", "Palermo"]);
    const found = await r.geosearch("g", "FROMMEMBER", "Palermo", "BYBOX", 400, 400, "km", "ASC", "WITHDIST");
    same(found, [["Palermo", "0.0000"], ["Catania", "166.2742"]]);
    same(await r.geosearchstore("g2", "g", "FROMLONLAT", 15, 37, "BYRADIUS", 100, "km"), 1);
    same(await r.georadius("g", 15, 37, 100, "km"), ["Catania"]);
    same(await r.georadiusbymember("g", "Palermo", 10, "km"), ["Palermo"]);
  },
  async hyperloglog(r) {
    same(await r.pfadd("p", "a", "b", "c"), 1);
    same(await r.pfadd("p", "a"), 0);
    same(await r.pfadd("q", "c", "d"), 1);
    same(await r.pfcount("p", "q"), 4);
    same(await r.pfmerge("all", "p", "q"), "OK");
    same(await r.pfcount("all"), 4);
  },
  async scans(r) {
    const names = Array.from({ length: 1000 }, (_, number) => `key:${number}`);
    await r.mset(names.flatMap((name) => [name, 1]));
    await r.sadd("s", names);
    await r.hset("h", Object.fromEntries(names.map((name) => [name, "v"])));
    await r.zadd("z", names.flatMap((name, number) => [number, name]));
    const all = async (stream) => {
      const found = [];
      for await (const part of stream) found.push(...part);
      return found;
    };
    const sorted = (list) => [...new Set(list)].sort();
    same(sorted(await all(r.scanStream({ match: "key:*", count: 100 }))), sorted(names));
    same(sorted(await all(r.scanStream({ type: "set", count: 500 }))), ["s"]);
    same(sorted(await all(r.sscanStream("s"))), sorted(names));
    const fields = Object.fromEntries(pairs(await all(r.hscanStream("h"))));
    same(Object.keys(fields).length, 1000);
    const scores = Object.fromEntries(pairs(await all(r.zscanStream("z", { match: "key:99*" }))));
    same([Object.keys(scores).length, scores["key:999"]], [11, "999"]);
  },
  async pipelines(r) {
    const results = await r.pipeline().set("a", 1).incr("a").lpush("a", 1).get("a").exec();
    same(results.map(([error]) => error?.name), [undefined, undefined, "ReplyError", undefined]);
    same(results.map(([, value]) => value), ["OK", 2, undefined, "2"]);
    const [one, two] = await Promise.all([r.incr("a"), r.incr("a")]);
    same([one, two], [3, 4]);
  },
  async channels(r) {
    const listener = connect();
    const heard = new Promise((resolve) => listener.on("message", (...message) => resolve(message)));
    same(await listener.subscribe("news"), 1);
    same(await r.publish("news", "hello"), 1);
    same(await heard, ["news", "hello"]);
    listener.disconnect();
  },
};

const r = connect({ lazyConnect: true, retryStrategy: null });
await r.connect();
const names = wanted.length > 0 ? wanted : Object.keys(groups);
for (const name of names) {
  await r.flushall();
  try {
    await groups[name](r);
  } catch (error) {
    const line = /tour\.mjs:(\d+)/.exec(error.stack?.split("\n").reverse().find((line) => line.includes(`${name} (`)) ?? error.stack);
    console.error(`${name}, line ${line?.[1]}: ${error.stack}`);
    process.exit(1);
  }
}
console.log(`ioredis: ${names.length} groups`);
process.exit(0);
