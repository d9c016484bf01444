//! Stage 06, chapter 14: places.

use super::{Body, Check};
use crate::failure::Failure;
use crate::script::play;
use crate::target::Target;

const fn check(id: &'static str, title: &'static str, body: Body) -> Check {
    super::check(id, title, body)
        .guide("06-commands-persistence/guide/14-geo-and-hyperloglog.md")
        .needs(&["06.14.20"])
}

pub(super) static CHECKS: &[Check] = &[
    check("06.14.20", "GEOADD makes members of a sorted set, whose scores are cells", add)
        .hint("26 steps; a bit of the longitude, then one of the latitude, from -85.05112878 to 85.05112878.")
        .needs(&["06.4.1"]),
    check("06.14.21", "GEOPOS, GEODIST and GEOHASH tell where members are, to the last digit", told)
        .hint("A member is in the middle of its cell. The Earth is a ball with a radius of 6,372,797.560856 metres."),
    check("06.14.22", "GEOSEARCH finds what is in a circle or in a rectangle", search)
        .hint("BYBOX has the width first, and the centre is in its middle."),
    check("06.14.23", "GEOSEARCH finds what is just across the border of a cell, and across the 180th meridian", borders)
        .hint("Look into the eight cells around, too. Behind the last cell of a row comes its first one."),
    check("06.14.24", "GEOSEARCH with COUNT gives the nearest, and with ANY whichever come first", count)
        .hint("COUNT sorts, even where neither ASC nor DESC is said."),
    check("06.14.25", "GEOSEARCHSTORE stores cells, or distances, or removes the destination", store)
        .hint("What is stored is a sorted set, in which one can search again, unless it has distances as scores."),
    check("06.14.26", "Places and shapes that make no sense are refused, one error before the other", refused)
        .hint("Read from left to right. What only the whole request shows to be wrong comes last."),
];

fn add(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        GEOADD @ 13.361389 38.115556 Palermo 15.087269 37.502669 Catania -> :2
        GEOADD @ CH 13.361389 38.115556 Palermo 12.5 41.9 Rome             -> :1
        GEOADD @ NX CH 1 1 Palermo                                         -> :0
        GEOADD @ XX 1 1 Milan                                              -> :0
        ZRANGE @ 0 -1   -> [Palermo Catania Rome]
        ZSCORE @ Palermo -> "3479099956230698"
        GEOADD @b 0 0 x  -> :1
        ZSCORE @b x      -> "3377699720527872"
        "#,
    )
}

const SICILY: &str = r#"
    GEOADD @ 13.361389 38.115556 Palermo 15.087269 37.502669 Catania 12.758489 38.788135 Ustica -> :3
"#;

fn told(target: &Target) -> Result<(), Failure> {
    let mut client = target.connect()?;
    let key = target.key();
    crate::script::play_on(
        &mut client,
        &key,
        &format!(
            "{SICILY}{}",
            r#"
        GEODIST @ Palermo Catania    -> "166274.1516"
        GEODIST @ Palermo Catania km -> "166.2742"
        GEODIST @ Palermo Catania FT -> "545518.8700"
        GEODIST @ Palermo Catania mi -> "103.3182"
        GEODIST @ Palermo nobody     -> nil
        GEODIST @none Palermo nobody -> nil
        GEOHASH @ Palermo nobody     -> [sqc8b49rny0 nil]
        "#
        ),
    )?;
    let palermo = "*2\r\n$20\r\n13.36138933897018433\r\n$20\r\n38.11555639549629859\r\n";
    let expected = format!("*2\r\n{palermo}*-1\r\n");
    client.ask(&["GEOPOS", &key, "Palermo", "nobody"], expected)?;
    client.settle()
}

fn search(target: &Target) -> Result<(), Failure> {
    let script = r#"
        GEOSEARCH @ FROMLONLAT 15 37 BYRADIUS 200 km ASC           -> [Catania Palermo]
        GEOSEARCH @ FROMLONLAT 15 37 BYRADIUS 200 km DESC          -> [Palermo Catania]
        GEOSEARCH @ FROMLONLAT 15 37 BYRADIUS 50 km                -> []
        GEOSEARCH @ FROMLONLAT 15 37 BYBOX 400 400 km ASC          -> [Catania Palermo Ustica]
        GEOSEARCH @ FROMLONLAT 15 37 BYBOX 400 120 km ASC          -> [Catania]
        GEOSEARCH @ FROMMEMBER Palermo BYRADIUS 100 km ASC         -> [Palermo Ustica]
        GEOSEARCH @none FROMMEMBER Palermo BYRADIUS 100 km         -> []
        GEORADIUS @ 15 37 200 km DESC                              -> [Palermo Catania]
        GEORADIUSBYMEMBER_RO @ Palermo 100 km ASC                  -> [Palermo Ustica]
    "#;
    play(target, &format!("{SICILY}{script}"))
}

fn borders(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        GEOADD @ 0.0001 0.0001 ne -0.0001 -0.0001 sw 0.1 0.1 far                -> :3
        GEOSEARCH @ FROMLONLAT 0.00001 0.00001 BYRADIUS 30 m ASC                -> [ne sw]
        GEOADD @b 179.999 0 west -179.999 0 east 178 0 far                      -> :3
        GEOSEARCH @b FROMLONLAT 179.9999 0 BYRADIUS 1 km ASC                    -> [west east]
        GEOSEARCH @b FROMLONLAT -179.9999 0 BYRADIUS 1 km ASC                   -> [east west]
        "#,
    )
}

fn count(target: &Target) -> Result<(), Failure> {
    play(
        target,
        r#"
        GEOADD @ 0.3 0 c 0.1 0 a 0.2 0 b 0.4 0 d                       -> :4
        GEOSEARCH @ FROMLONLAT 0 0 BYRADIUS 100 km COUNT 2             -> [a b]
        GEOSEARCH @ FROMLONLAT 0 0 BYRADIUS 100 km COUNT 2 DESC        -> [d c]
        GEOSEARCH @ FROMLONLAT 0 0 BYRADIUS 100 km COUNT 9             -> [a b c d]
        GEOSEARCHSTORE @b @ FROMLONLAT 0 0 BYRADIUS 100 km COUNT 3 ANY -> :3
        "#,
    )
}

fn store(target: &Target) -> Result<(), Failure> {
    let script = r#"
        GEOSEARCHSTORE @b @ FROMLONLAT 15 37 BYRADIUS 200 km           -> :2
        ZSCORE @b Palermo                                              -> "3479099956230698"
        GEOSEARCHSTORE @b @ FROMMEMBER Palermo BYRADIUS 1 m STOREDIST  -> :1
        ZSCORE @b Palermo                                              -> "0"
        GEOSEARCHSTORE @b @ FROMLONLAT 80 37 BYRADIUS 1 m              -> :0
        EXISTS @b                                                      -> :0
        GEORADIUS @ 15 37 200 km STORE @b                              -> :2
        GEOSEARCHSTORE @b @none FROMMEMBER x BYRADIUS 1 m              -> :0
        EXISTS @b                                                      -> :0
    "#;
    play(target, &format!("{SICILY}{script}"))
}

fn refused(target: &Target) -> Result<(), Failure> {
    let script = r#"
        GEOADD @ 181 0 x                                     -> -ERR invalid longitude,latitude pair 181.000000,0.000000
        GEOADD @ 0 86 x                                      -> -ERR invalid longitude,latitude pair 0.000000,86.000000
        GEOADD @ 0 x x                                       -> -ERR value is not a valid float
        GEOADD @ NX XX 0 0 x                                 -> -ERR syntax error
        GEODIST @ Palermo Catania cm                         -> -ERR unsupported unit provided. please use M, KM, FT, MI
        GEOSEARCH @ FROMMEMBER x BYRADIUS x km               -> -ERR could not decode requested zset member
        GEOSEARCH @ FROMMEMBER Palermo BYRADIUS x km         -> -ERR need numeric radius
        GEOSEARCH @ FROMMEMBER Palermo BYRADIUS -1 km        -> -ERR radius cannot be negative
        GEOSEARCH @ FROMMEMBER Palermo BYBOX 1 -1 km         -> -ERR height or width cannot be negative
        GEOSEARCH @ FROMMEMBER Palermo BYRADIUS 1 km COUNT 0 -> -ERR COUNT must be > 0
        GEOSEARCH @ FROMMEMBER Palermo BYRADIUS 1 km ANY     -> -ERR the ANY argument requires COUNT argument
        GEOSEARCH @ BYRADIUS 1 km ASC ASC                    -> -ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for GEOSEARCH
        GEOSEARCH @ FROMMEMBER Palermo ASC ASC ASC           -> -ERR exactly one of BYRADIUS and BYBOX can be specified for GEOSEARCH
        GEOSEARCH @ FROMMEMBER Palermo FROMLONLAT 1 1 BYRADIUS 1 km -> -ERR syntax error
        RPUSH @list a                                        -> :1
        GEOSEARCH @list FROMMEMBER a BYRADIUS x km           -> WRONGTYPE
        GEOADD @list 181 0 x                                 -> -ERR invalid longitude,latitude pair 181.000000,0.000000
        GEOADD @list 1 1 x                                   -> WRONGTYPE
    "#;
    play(target, &format!("{SICILY}{script}"))
}
