"""A tour of the server as a user of redis-py takes it.

tour.py ADDRESS PROTOCOL [GROUP ...]: the address is HOST:PORT, or unix:PATH; the protocol is 2 or 3. Goes through
all groups of commands, or through these. What comes back must be what redis-py's users expect.
"""

import sys
import threading

import redis

ADDRESS, PROTOCOL, *WANTED = sys.argv[1:]
GROUPS = []


def connect(**options):
    options = {"protocol": int(PROTOCOL), "decode_responses": True, **options}
    if ADDRESS.startswith("unix:"):
        return redis.Redis(unix_socket_path=ADDRESS.removeprefix("unix:"), **options)
    host, port = ADDRESS.rsplit(":", 1)
    return redis.Redis(host=host, port=int(port), **options)


def group(tour):
    GROUPS.append(tour)
    return tour


def same(found, wanted):
    assert found == wanted, f"{found!r} instead of {wanted!r}"


def refused(text, function, *args, **options):
    try:
        found = function(*args, **options)
    except redis.ResponseError as error:
        assert text in str(error), f"{error} instead of {text}"
    else:
        raise AssertionError(f"{found!r} instead of an error: {text}")


def near(found, wanted):
    assert abs(found - wanted) < 1e-6 * max(1, abs(wanted)), f"{found!r} instead of {wanted!r}"


@group
def strings(r):
    same(r.set("s", "value"), True)
    same(r.get("s"), "value")
    same(r.get("none"), None)
    same(r.set("s", "other", nx=True), None)
    same(r.set("s", "other", xx=True, get=True), "value")
    same(r.set("s", "x", px=100_000), True)
    assert 0 < r.pttl("s") <= 100_000
    same(r.set("s", "y", keepttl=True), True)
    assert 0 < r.ttl("s") <= 100
    same(r.getex("s", persist=True), "y")
    same(r.ttl("s"), -1)
    same(r.getdel("s"), "y")
    same(r.setnx("n", 5), True)
    same(r.incr("n"), 6)
    same(r.incrby("n", 10), 16)
    same(r.decr("n", 20), -4)
    near(float(r.incrbyfloat("n", 0.5)), -3.5)
    refused("not an integer", r.incr, "n")
    same(r.append("a", "Hello"), 5)
    same(r.append("a", " World"), 11)
    same(r.strlen("a"), 11)
    same(r.getrange("a", -5, -1), "World")
    same(r.substr("a", 0, 4), "Hello")
    same(r.setrange("a", 6, "Redis"), 11)
    same(r.get("a"), "Hello Redis")
    same(r.getset("a", "new"), "Hello Redis")
    same(r.mset({"m1": 1, "m2": 2}), True)
    same(r.mget("m1", "none", "m2"), ["1", None, "2"])
    same(bool(r.msetnx({"m2": 0, "m3": 0})), False)
    same(r.setex("e", 100, "v"), True)
    same(r.psetex("e", 100_000, "v"), True)
    r.mset({"l1": "ohmytext", "l2": "mynewtext"})
    same(r.lcs("l1", "l2"), "mytext")
    same(r.lcs("l1", "l2", len=True), 6)


@group
def binary(r):
    raw = connect(decode_responses=False)
    value = bytes(range(256)) + b"\r\n" + "é".encode()
    same(raw.set(b"\x00\xff", value), True)
    same(raw.get(b"\x00\xff"), value)
    same(raw.strlen(b"\x00\xff"), len(value))
    raw.close()


@group
def bits(r):
    same(r.setbit("b", 7, 1), 0)
    same(r.getbit("b", 7), 1)
    same(r.getbit("b", 100), 0)
    same(r.get("b"), "\x01")
    r.set("b", "foobar")
    same(r.bitcount("b"), 26)
    same(r.bitcount("b", 1, 1), 6)
    same(r.bitcount("b", 5, 30, "BIT"), 17)
    same(r.bitpos("b", 1), 1)
    same(r.bitpos("b", 0, 1), 8)
    r.set("c", "abcdef")
    same(r.bitop("AND", "d", "b", "c"), 6)
    same(r.get("d"), "`bc`ab")
    fields = r.bitfield("f", default_overflow="SAT").set("u8", 0, 250).incrby("u8", 0, 10).get("u4", 0)
    same(fields.execute(), [0, 255, 15])
    same(r.bitfield_ro("f", "u8", 0), [255])


@group
def lists(r):
    same(r.rpush("l", "a", "b", "c"), 3)
    same(r.lpush("l", "x", "y"), 5)
    same(r.lrange("l", 0, -1), ["y", "x", "a", "b", "c"])
    same(r.lpushx("none", "a"), 0)
    same(r.rpushx("l", "c"), 6)
    same(r.llen("l"), 6)
    same(r.lindex("l", -1), "c")
    same(r.lset("l", 0, "z"), True)
    same(r.linsert("l", "BEFORE", "a", "w"), 7)
    same(r.linsert("l", "AFTER", "no such", "w"), -1)
    same(r.lpos("l", "c"), 5)
    same(r.lpos("l", "c", rank=-1), 6)
    same(r.lpos("l", "c", count=0), [5, 6])
    same(r.lrem("l", 1, "c"), 1)
    same(r.ltrim("l", 0, 4), True)
    same(r.lpop("l"), "z")
    same(r.rpop("l", 2), ["b", "a"])
    same(r.lpop("none", 2), None)
    same(r.lmove("l", "m", "LEFT", "RIGHT"), "x")
    same(r.rpoplpush("l", "m"), "w")
    same(r.lmpop(2, "l", "m", direction="LEFT", count=5), ["m", ["w", "x"]])
    same(r.lmpop(1, "none", direction="LEFT"), None)
    r.rpush("m", 1)
    refused("WRONGTYPE", r.get, "m")
    refused("no such key", r.lset, "none", 0, "a")


@group
def waiting(r):
    same(r.blpop(["none"], timeout=0.01), None)
    same(r.blmove("none", "w2", 0.01), None)
    r.rpush("w", 1, 2, 3, 4)
    same(list(r.blpop(["none", "w"], timeout=1)), ["w", "1"])
    same(list(r.brpop("w", timeout=1)), ["w", "4"])
    same(r.brpoplpush("w", "w2", 1), "3")
    same(r.blmove("w", "w2", 1, "LEFT", "RIGHT"), "2")
    same(r.blmpop(1, 1, "w2", direction="RIGHT"), ["w2", ["2"]])
    found = []
    other = connect()
    thread = threading.Thread(target=lambda: found.append(other.blpop("later", timeout=20)))
    thread.start()
    while r.info("clients")["blocked_clients"] == 0:
        pass
    same(r.rpush("later", "a", "b"), 2)
    thread.join()
    other.close()
    same([list(element) for element in found], [["later", "a"]])
    same(r.lrange("later", 0, -1), ["b"])


@group
def hashes(r):
    same(r.hset("h", mapping={"a": 1, "b": "two"}), 2)
    same(r.hset("h", "a", 3), 0)
    same(r.hget("h", "a"), "3")
    same(r.hget("h", "none"), None)
    same(r.hmget("h", ["a", "none", "b"]), ["3", None, "two"])
    same(r.hgetall("h"), {"a": "3", "b": "two"})
    same(r.hgetall("none"), {})
    same(bool(r.hsetnx("h", "a", 0)), False)
    same(r.hexists("h", "a"), True)
    same(r.hlen("h"), 2)
    same(r.hstrlen("h", "b"), 3)
    same(sorted(r.hkeys("h")), ["a", "b"])
    same(sorted(r.hvals("h")), ["3", "two"])
    same(r.hincrby("h", "a", -5), -2)
    near(float(r.hincrbyfloat("h", "a", 2.25)), 0.25)
    refused("hash value is not an integer", r.hincrby, "h", "b")
    assert r.hrandfield("h") in ("a", "b")
    same(sorted(r.hrandfield("h", 5)), ["a", "b"])
    pairs = r.hrandfield("h", 2, withvalues=True)
    same(len(pairs), 2 if PROTOCOL == "3" else 4)
    same(r.hdel("h", "a", "none"), 1)
    same(r.hdel("h", "b"), 1)
    same(r.exists("h"), 0)


@group
def sets(r):
    same(r.sadd("s1", "a", "b", "c", "a"), 3)
    same(r.sadd("s2", "b", "c", "d"), 3)
    same(set(r.smembers("s1")), {"a", "b", "c"})
    same(bool(r.sismember("s1", "a")), True)
    same(r.smismember("s1", ["a", "z"]), [1, 0])
    same(r.scard("s1"), 3)
    same(set(r.sinter("s1", "s2")), {"b", "c"})
    same(set(r.sunion("s1", "s2")), {"a", "b", "c", "d"})
    same(set(r.sdiff("s1", "s2")), {"a"})
    same(r.sintercard(2, ["s1", "s2"], limit=1), 1)
    same(r.sinterstore("s3", "s1", "s2"), 2)
    same(r.sunionstore("s3", "s1", "s2"), 4)
    same(r.sdiffstore("s3", "s2", "s1"), 1)
    same(bool(r.smove("s1", "s3", "a")), True)
    same(set(r.smembers("s3")), {"a", "d"})
    assert r.srandmember("s3") in ("a", "d")
    same(len(r.srandmember("s3", -5)), 5)
    same(len(r.spop("s2", 2)), 2)
    assert r.spop("s2") in ("b", "c", "d")
    same(r.spop("s2"), None)
    same(r.srem("s3", "a", "z"), 1)


@group
def sorted_sets(r):
    pairs = lambda reply: [(member, float(score)) for member, score in reply]
    same(r.zadd("z", {"a": 1, "b": 2.5, "c": 3}), 3)
    same(r.zadd("z", {"a": 5}, nx=True), 0)
    same(r.zadd("z", {"a": 5}, gt=True, ch=True), 1)
    near(r.zadd("z", {"a": -4}, incr=True), 1)
    near(r.zscore("z", "b"), 2.5)
    same(r.zscore("z", "none"), None)
    same(r.zmscore("z", ["a", "none"]), [1.0, None])
    near(r.zincrby("z", 0.5, "c"), 3.5)
    same(r.zcard("z"), 3)
    same(r.zcount("z", "(1", "+inf"), 2)
    same(r.zrank("z", "c"), 2)
    same(r.zrevrank("z", "c"), 0)
    same(r.zrank("z", "none"), None)
    same(r.zrange("z", 0, -1), ["a", "b", "c"])
    same(pairs(r.zrange("z", 0, 1, desc=True, withscores=True)), [("c", 3.5), ("b", 2.5)])
    same(r.zrange("z", "(1", "inf", byscore=True, offset=1, num=5), ["c"])
    same(r.zrevrange("z", 0, 0), ["c"])
    same(pairs(r.zrangebyscore("z", 1, 3, withscores=True)), [("a", 1.0), ("b", 2.5)])
    same(r.zrevrangebyscore("z", "+inf", "-inf", start=0, num=1), ["c"])
    r.zadd("lex", dict.fromkeys("abcde", 0))
    same(r.zlexcount("lex", "[b", "(d"), 2)
    same(r.zrangebylex("lex", "-", "(c"), ["a", "b"])
    same(r.zrevrangebylex("lex", "+", "[d"), ["e", "d"])
    same(r.zremrangebylex("lex", "[a", "[b"), 2)
    same(r.zremrangebyrank("lex", 0, 0), 1)
    same(r.zremrangebyscore("lex", 0, 0), 2)
    same(r.zrangestore("copy", "z", 0, 1), 2)
    r.zadd("y", {"b": 10, "d": 20})
    same(pairs(r.zunion(["z", "y"], withscores=True))[-1], ("d", 20.0))
    same(r.zinter(["z", "y"]), ["b"])
    same(pairs(r.zinter(["z", "y"], aggregate="MAX", withscores=True)), [("b", 10.0)])
    same(r.zdiff(["z", "y"]), ["a", "c"])
    same(r.zunionstore("out", {"z": 1, "y": 2}), 4)
    near(r.zscore("out", "b"), 22.5)
    same(r.zinterstore("out", ["z", "y"], aggregate="MIN"), 1)
    same(r.zdiffstore("out", ["z", "y"]), 2)
    same(r.zintercard(2, ["z", "y"]), 1)
    same(len(r.zrandmember("z", 2)), 2)
    same(r.zpopmin("z"), [("a", 1.0)] if PROTOCOL == "2" else ["a", 1.0])
    same(r.zmpop(2, ["none", "z"], max=True, count=1)[0], "z")
    popped = r.bzpopmax("z", timeout=1)
    same((popped[0], popped[1], float(popped[2])), ("z", "b", 2.5))
    same(r.bzpopmin("z", timeout=0.01), None)
    same(r.zrem("y", "b", "none"), 1)
    refused("not a valid float", r.execute_command, "ZADD", "y", "x", "m")


@group
def keys(r):
    r.mset({"k:1": 1, "k:2": 2, "k:3": 3})
    same(sorted(r.keys("k:*")), ["k:1", "k:2", "k:3"])
    same(r.exists("k:1", "k:1", "none"), 2)
    same(r.type("k:1"), "string")
    same(r.delete("k:1", "none"), 1)
    same(r.unlink("k:2"), 1)
    same(r.touch("k:3"), 1)
    same(r.rename("k:3", "k:4"), True)
    same(bool(r.renamenx("k:4", "k:4")), False)
    refused("no such key", r.rename, "none", "x")
    same(bool(r.copy("k:4", "k:5")), True)
    same(bool(r.expire("k:5", 100)), True)
    assert 90 < r.ttl("k:5") <= 100
    assert r.expiretime("k:5") > 1_600_000_000
    same(bool(r.pexpire("k:5", 90_000, gt=True)), False)
    same(bool(r.persist("k:5")), True)
    same(r.ttl("none"), -2)
    same(r.object("encoding", "k:4"), "int")
    dump = connect(decode_responses=False).dump("k:4")
    same(r.restore("k:6", 0, dump), "OK")
    same(r.get("k:6"), "3")
    refused("BUSYKEY", r.restore, "k:6", 0, dump)
    assert r.randomkey().startswith("k:")
    same(r.dbsize(), 3)
    r.rpush("sort", 3, 1, 2)
    same(r.sort("sort", desc=True), ["3", "2", "1"])
    r.mset({"w1": 3, "w2": 2, "w3": 1})
    same(r.sort("sort", by="w*", get=["#", "w*"], groups=True), [("3", "1"), ("2", "2"), ("1", "3")])
    same(r.sort("sort", alpha=True, store="sorted"), 3)
    same(r.sort_ro("sort", start=0, num=1), ["1"])
    same(r.move("k:6", 1), True)
    other = connect(db=1)
    same(other.get("k:6"), "3")
    same(r.swapdb(0, 1), True)
    same(r.get("k:6"), "3")
    other.flushdb()
    other.close()
    same(r.flushdb(), True)


@group
def streams(r):
    entries = lambda reply: [(id, dict(fields)) for id, fields in reply]
    same(r.xadd("x", {"a": 1, "b": 2}, id="1-1"), "1-1")
    same(r.xadd("x", {"a": 2}, id="1-*"), "1-2")
    same(r.xadd("none", {"a": 1}, nomkstream=True), None)
    refused("equal or smaller", r.xadd, "x", {"a": 1}, id="1-1")
    for number in range(3, 6):
        r.xadd("x", {"a": number}, id=f"{number}-0", maxlen=100, approximate=True)
    same(r.xlen("x"), 5)
    same(entries(r.xrange("x", "-", "(3", count=1)), [("1-1", {"a": "1", "b": "2"})])
    same([id for id, _ in r.xrevrange("x", count=2)], ["5-0", "4-0"])
    same(r.xdel("x", "4-0", "9-9"), 1)
    same(r.xtrim("x", minid="1-2", approximate=False), 1)
    # RESP3 has a map of streams, and redis-py a list of lists of entries in it.
    found = r.xread({"x": "3"}, count=5)
    wanted = [("5-0", {"a": "5"})]
    same(found, [["x", wanted]] if PROTOCOL == "2" else {"x": [wanted]})
    same(len(r.xread({"x": "$"}, block=10)), 0)
    same(r.xgroup_create("x", "g", id="0"), True)
    refused("BUSYGROUP", r.xgroup_create, "x", "g")
    refused("NOGROUP", r.xreadgroup, "none", "c", {"x": ">"})
    assert r.xreadgroup("g", "c1", {"x": ">"}, count=2)
    same(r.xpending("x", "g")["pending"], 2)
    same(r.xpending("x", "g")["consumers"], [{"name": "c1", "pending": 2}])
    same([p["message_id"] for p in r.xpending_range("x", "g", "-", "+", 10)], ["1-2", "3-0"])
    same(r.xack("x", "g", "1-2"), 1)
    same([id for id, _ in r.xclaim("x", "g", "c2", 0, ["3-0"])], ["3-0"])
    same(r.xautoclaim("x", "g", "c3", 0, justid=True), ["3-0"])
    same(r.xgroup_createconsumer("x", "g", "c4"), 1)
    same(r.xgroup_delconsumer("x", "g", "c4"), 0)
    same(r.xgroup_setid("x", "g", "0"), True)
    same(r.xinfo_stream("x")["length"], 3)
    same([g["name"] for g in r.xinfo_groups("x")], ["g"])
    same(sorted(c["name"] for c in r.xinfo_consumers("x", "g")), ["c1", "c2", "c3"])
    assert "entries" in r.xinfo_stream("x", full=True)
    same(bool(r.xgroup_destroy("x", "g")), True)


@group
def geo(r):
    sicily = ("13.361389", "38.115556", "Palermo", "15.087269", "37.502669", "Catania")
    same(r.geoadd("g", sicily), 2)
    near(float(r.geodist("g", "Palermo", "Catania", "km")), 166.2742)
    same(r.geodist("g", "Palermo", "none"), None)
    same(r.geohash("g", "Palermo", "none"), ["sqc8b49rny0", None])
    near(r.geopos("g", "Palermo")[0][0], 13.36138933897018433)
    same(r.geosearch("g", longitude=15, latitude=37, radius=200, unit="km", sort="ASC"), ["Catania", "Palermo"])
    found = r.geosearch("g", member="Palermo", width=400, height=400, unit="km", withdist=True, sort="DESC", count=1)
    same(found[0][0], "Catania")
    near(float(found[0][1]), 166.2742)
    same(r.geosearchstore("g2", "g", longitude=15, latitude=37, radius=100, unit="km"), 1)
    same(r.georadius("g", 15, 37, 100, unit="km"), ["Catania"])
    same(sorted(r.georadiusbymember("g", "Palermo", 200, unit="km")), ["Catania", "Palermo"])
    near(r.zscore("g", "Palermo"), 3479099956230698)


@group
def hyperloglog(r):
    same(bool(r.pfadd("p", "a", "b", "c")), True)
    same(bool(r.pfadd("p", "a")), False)
    same(r.pfcount("p"), 3)
    r.pfadd("q", "c", "d")
    same(r.pfcount("p", "q"), 4)
    same(r.pfmerge("all", "p", "q"), True)
    same(r.pfcount("all"), 4)


@group
def scans(r):
    names = [f"key:{number}" for number in range(1000)]
    r.mset(dict.fromkeys(names, 1))
    same(sorted(set(r.scan_iter("key:*", count=100))), sorted(names))
    same(set(r.scan_iter(_type="list")), set())
    r.sadd("s", *names)
    same(set(r.sscan_iter("s")), set(names))
    r.hset("h", mapping=dict.fromkeys(names, "v"))
    same(dict(r.hscan_iter("h", match="key:1*")), {name: "v" for name in names if name.startswith("key:1")})
    r.zadd("z", {name: number for number, name in enumerate(names)})
    same(dict(r.zscan_iter("z")), {name: float(number) for number, name in enumerate(names)})


@group
def pipelines(r):
    pipe = r.pipeline(transaction=False)
    pipe.set("a", 1).incr("a").lpush("a", 1).get("a")
    found = pipe.execute(raise_on_error=False)
    same((found[0], found[1], found[3]), (True, 2, "2"))
    assert isinstance(found[2], redis.ResponseError)


@group
def server(r):
    same(r.ping(), True)
    same(r.echo("hello"), "hello")
    same(r.client_setname("tour"), True)
    same(r.client_getname(), "tour")
    assert r.client_id() > 0
    same(r.config_set("hz", "10"), True)
    same(r.config_get("hz"), {"hz": "10"})
    assert r.info("server")["redis_version"].startswith("7.")
    assert len(r.time()) == 2
    assert r.command_count() > 50
    same(r.command_getkeys("LMOVE", "a", "b", "LEFT", "RIGHT"), ["a", "b"])


def main():
    r = connect()
    for tour in GROUPS:
        if WANTED and tour.__name__ not in WANTED:
            continue
        r.flushall()
        try:
            tour(r)
        except Exception as error:
            line = error.__traceback__.tb_next.tb_lineno
            raise SystemExit(f"{tour.__name__}, line {line}: {type(error).__name__}: {error}")
    print(f"redis-py {redis.__version__}, RESP{PROTOCOL}: {len(WANTED or GROUPS)} groups")


main()
