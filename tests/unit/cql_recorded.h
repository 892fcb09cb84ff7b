/* Answers of a real Cassandra 5.0.8, and what the DataStax driver reads in them. Made by
 * tests/servers/cassandra_record.py; not edited by hand. */

#include "tests/unit/cql_recorded_bytes.h"

struct recorded {
    const char *name;
    const unsigned char *bytes;
    unsigned len;
    const char *says;
};

static const struct recorded recorded[] = {
    {"supported", recorded_0, sizeof recorded_0,
     "259 SUPPORTED 3.4.7 in CQL_VERSION: yes, lz4 in COMPRESSION: yes"},
    {"ready", recorded_1, sizeof recorded_1, "518 READY"},
    {"registered", recorded_2, sizeof recorded_2, "518 READY"},
    {"schema keyspace", recorded_3, sizeof recorded_3, "1036 SCHEMA CREATED KEYSPACE rec.rec"},
    {"schema type", recorded_4, sizeof recorded_4, "1295 SCHEMA CREATED TYPE rec.address"},
    {"schema table", recorded_5, sizeof recorded_5, "1554 SCHEMA CREATED TABLE rec.types"},
    {"void", recorded_6, sizeof recorded_6, "1813 VOID"},
    {"void", recorded_7, sizeof recorded_7, "2072 VOID"},
    {"void", recorded_8, sizeof recorded_8, "2331 VOID"},
    {"void", recorded_9, sizeof recorded_9, "2590 VOID"},
    {"rows of native types", recorded_10, sizeof recorded_10,
     "2849 ROWS rec.types.c_ascii ascii; rec.types.c_bigint bigint; rec.types.c_blob blob; rec.t"
     "ypes.c_boolean boolean; rec.types.c_decimal decimal; rec.types.c_double double; rec.types."
     "c_float float; rec.types.c_int int; rec.types.c_timestamp timestamp; rec.types.c_uuid uuid"
     "; rec.types.c_text text; rec.types.c_varint varint; rec.types.c_timeuuid timeuuid; rec.typ"
     "es.c_inet inet; rec.types.c_date date; rec.types.c_time time; rec.types.c_smallint smallin"
     "t; rec.types.c_tinyint tinyint; rec.types.c_duration duration | plain ; -92233720368547758"
     "08 ; 0x00ff10 ; true ; -12345.678901 ; -1.5000000000000001e+300 ; 0.100000001 ; -214748364"
     "8 ; 2016-02-03T04:05:06.789Z ; 123e4567-e89b-12d3-a456-426614174000 ; gr\303\274n 'q' ; "
     "-12345678"
     "9012345678901234567890 ; 50554d6e-29bb-11e5-b345-feff819cdc9f ; 192.168.1.200 ; 1969-12-31"
     " ; 23:59:59.999999999 ; -32768 ; -128 ; -14mo-25d-18367000000000ns"},
    {"rows of native types", recorded_11, sizeof recorded_11,
     "3108 ROWS rec.types.c_ascii ascii; rec.types.c_bigint bigint; rec.types.c_blob blob; rec.t"
     "ypes.c_boolean boolean; rec.types.c_decimal decimal; rec.types.c_double double; rec.types."
     "c_float float; rec.types.c_int int; rec.types.c_timestamp timestamp; rec.types.c_uuid uuid"
     "; rec.types.c_text text; rec.types.c_varint varint; rec.types.c_timeuuid timeuuid; rec.typ"
     "es.c_inet inet; rec.types.c_date date; rec.types.c_time time; rec.types.c_smallint smallin"
     "t; rec.types.c_tinyint tinyint; rec.types.c_duration duration |  ; 42 ; 0x ; false ; 0.000"
     "001 ; 3.1415926535897931 ; -1e-30 ; 2147483647 ; 1969-12-31T23:59:59.999Z ; ffffffff-ffff-"
     "4fff-bfff-ffffffffffff ; \342\202\254uro ; 340282366920938463463374607431768211456 ; "
     "d2177dd0-eaa2-11"
     "de-a572-001b779c76e3 ; 2001:db8::ff00:42:8329 ; 2024-02-29 ; 00:00:00.000000001 ; 32767 ; "
     "127 ; 0mo0d45000000000000ns"},
    {"rows of native types", recorded_12, sizeof recorded_12,
     "3367 ROWS rec.types.c_ascii ascii; rec.types.c_bigint bigint; rec.types.c_blob blob; rec.t"
     "ypes.c_boolean boolean; rec.types.c_decimal decimal; rec.types.c_double double; rec.types."
     "c_float float; rec.types.c_int int; rec.types.c_timestamp timestamp; rec.types.c_uuid uuid"
     "; rec.types.c_text text; rec.types.c_varint varint; rec.types.c_timeuuid timeuuid; rec.typ"
     "es.c_inet inet; rec.types.c_date date; rec.types.c_time time; rec.types.c_smallint smallin"
     "t; rec.types.c_tinyint tinyint; rec.types.c_duration duration | null ; null ; null ; null "
     "; null ; null ; null ; null ; null ; null ; null ; null ; null ; null ; null ; null ; null"
     " ; null ; null"},
    {"rows of native types", recorded_13, sizeof recorded_13,
     "3626 ROWS rec.types.c_ascii ascii; rec.types.c_bigint bigint; rec.types.c_blob blob; rec.t"
     "ypes.c_boolean boolean; rec.types.c_decimal decimal; rec.types.c_double double; rec.types."
     "c_float float; rec.types.c_int int; rec.types.c_timestamp timestamp; rec.types.c_uuid uuid"
     "; rec.types.c_text text; rec.types.c_varint varint; rec.types.c_timeuuid timeuuid; rec.typ"
     "es.c_inet inet; rec.types.c_date date; rec.types.c_time time; rec.types.c_smallint smallin"
     "t; rec.types.c_tinyint tinyint; rec.types.c_duration duration | x ; 0 ; 0xdeadbeef ; true "
     "; 123 ; 0 ; 1 ; 0 ; 1970-01-01T00:00:00.000Z ; 00000000-0000-4000-8000-000000000000 ; tab\134"
     "t ; 128 ; 50554d6e-29bb-11e5-b345-feff819cdc9f ; ::1 ; 1970-01-01 ; 12:00:00.000000000 ; 0"
     " ; 0 ; 0mo0d320688000000000ns"},
    {"schema table", recorded_14, sizeof recorded_14, "3885 SCHEMA CREATED TABLE rec.nested"},
    {"void", recorded_15, sizeof recorded_15, "4144 VOID"},
    {"rows of nested types", recorded_16, sizeof recorded_16,
     "4403 ROWS rec.nested.l list<text>; rec.nested.s set<int>; rec.nested.m map<text, bigint>; "
     "rec.nested.t tuple<int, text, boolean>; rec.nested.u udt<text, int>; rec.nested.d map<int,"
     " list<set<text>>> | ['a', 'it''s', ''] ; {1, 2, 3} ; {'x': 1, 'y': -2} ; (7, null, true) ;"
     " {street: 'Main', number: 12} ; {5: [{'p', 'q'}, {}]}"},
    {"schema table", recorded_17, sizeof recorded_17, "4662 SCHEMA CREATED TABLE rec.counts"},
    {"void", recorded_18, sizeof recorded_18, "4921 VOID"},
    {"rows of a counter", recorded_19, sizeof recorded_19,
     "5180 ROWS rec.counts.k text; rec.counts.n counter | a ; 5"},
    {"set keyspace", recorded_20, sizeof recorded_20, "5439 KEYSPACE rec"},
    {"no rows", recorded_21, sizeof recorded_21, "5698 ROWS rec.nested.l list<text>"},
    {"traced", recorded_22, sizeof recorded_22,
     "5957 ROWS rec.types.k int | 1 | 0 | 2 | 3 trace=79fe4090-e556-11f1-94a8-09352ac4d1a0"},
    {"aggregation warning", recorded_23, sizeof recorded_23,
     "6216 ROWS rec.types.count bigint | 4 warning=Aggregation query used without partition key"},
    {"first page", recorded_24, sizeof recorded_24,
     "6475 ROWS rec.types.k int | 1 | 0 paging=0x040000000000f07ffffffd00"},
    {"second page", recorded_25, sizeof recorded_25,
     "6734 ROWS rec.types.k int | 2 | 3 paging=0x040000000300f07ffffffb00"},
    {"prepared insert", recorded_26, sizeof recorded_26,
     "6993 PREPARED 0x4adad7eb78066096e5946ff0f33344bf bind rec.types.k int; rec.types.c_text te"
     "xt; rec.types.c_bigint bigint keys [0]"},
    {"executed insert", recorded_27, sizeof recorded_27, "7252 VOID"},
    {"prepared select", recorded_28, sizeof recorded_28,
     "7511 PREPARED 0xbb68453831c6129d4113f5b54fe9472d bind rec.types.k int keys [0] result rec."
     "types.k int; rec.types.c_text text; rec.types.c_bigint bigint"},
    {"executed select", recorded_29, sizeof recorded_29,
     "32767 ROWS rec.types.k int; rec.types.c_text text; rec.types.c_bigint bigint | 77 ; sevent"
     "y-seven ; 77"},
    {"prepared, key in second place", recorded_30, sizeof recorded_30,
     "258 PREPARED 0x1f23169eac889bc5ba6c1c0c503a63ca bind rec.counts.c int; rec.counts.k text k"
     "eys [1] result rec.counts.n counter"},
    {"batch", recorded_31, sizeof recorded_31, "517 VOID"},
    {"batch size warning", recorded_32, sizeof recorded_32,
     "776 VOID warning=Batch for [rec.types] is of size 9400, exceeding specified threshold of 5"
     "120 by 4280. warning=Unlogged batch covering 20 partitions detected against table [rec.typ"
     "es]. You should use a logged batch for atomicity, or asynchronous writes for performance."},
    {"syntax", recorded_33, sizeof recorded_33,
     "1035 ERROR 2000 line 1:0 no viable alternative at input 'SELEC' ([SELEC]...)"},
    {"invalid: no table", recorded_34, sizeof recorded_34,
     "1294 ERROR 2200 table nothing does not exist"},
    {"invalid: no keyspace", recorded_35, sizeof recorded_35,
     "1553 ERROR 2200 keyspace nowhere does not exist"},
    {"exists keyspace", recorded_36, sizeof recorded_36,
     "1812 ERROR 2400 Cannot add existing keyspace \042rec\042 | rec."},
    {"exists table", recorded_37, sizeof recorded_37,
     "2071 ERROR 2400 Cannot add already existing table \042types\042 to keyspace \042rec\042 | "
     "rec.types"},
    {"config", recorded_38, sizeof recorded_38,
     "2330 ERROR 2300 Unable to find replication strategy class 'org.apache.cassandra.locator.No"
     "SuchStrategy'"},
    {"unavailable", recorded_39, sizeof recorded_39,
     "3107 ERROR 1000 Cannot achieve consistency level QUORUM | 4 2 1"},
    {"unavailable", recorded_40, sizeof recorded_40,
     "3366 ERROR 1000 Cannot achieve consistency level ALL | 5 3 1"},
    {"unprepared", recorded_41, sizeof recorded_41,
     "3625 ERROR 2500 Prepared query with ID 000102030405060708090a0b0c0d0e0f not found (either "
     "the query was not prepared on this host (maybe the host has been restarted\077) or you have p"
     "repared too many queries and it has been evicted from the internal cache) | 0x000102030405"
     "060708090a0b0c0d0e0f"},
    {"schema dropped", recorded_42, sizeof recorded_42, "3884 SCHEMA DROPPED KEYSPACE rec3.rec3"},
    {"protocol: query before startup", recorded_43, sizeof recorded_43,
     "0 ERROR 000a Unexpected message QUERY, expecting STARTUP or OPTIONS"},
    {"ready", recorded_44, sizeof recorded_44, "259 READY"},
    {"lz4 rows", recorded_45, sizeof recorded_45,
     "518 ROWS rec.types.k int; rec.types.c_text text | 101 ; yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
     "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
     "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
     "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
     "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
     "yyyyyy"},
    {"lz4 void", recorded_46, sizeof recorded_46, "777 VOID"},
    {"lz4 error", recorded_47, sizeof recorded_47, "1036 ERROR 2200 table nothing does not exist"},
    {"schema dropped", recorded_48, sizeof recorded_48, "4143 SCHEMA DROPPED KEYSPACE rec.rec"},
    {"event of the server", recorded_49, sizeof recorded_49,
     "-1 EVENT SCHEMA_CHANGE CREATED KEYSPACE rec.rec"},
    {"event of the server", recorded_50, sizeof recorded_50,
     "-1 EVENT SCHEMA_CHANGE CREATED TYPE rec.address"},
    {"event of the server", recorded_51, sizeof recorded_51,
     "-1 EVENT SCHEMA_CHANGE CREATED TABLE rec.types"},
    {"event of the server", recorded_52, sizeof recorded_52,
     "-1 EVENT SCHEMA_CHANGE CREATED TABLE rec.nested"},
    {"event of the server", recorded_53, sizeof recorded_53,
     "-1 EVENT SCHEMA_CHANGE CREATED TABLE rec.counts"},
    {"event of the server", recorded_54, sizeof recorded_54,
     "-1 EVENT SCHEMA_CHANGE CREATED KEYSPACE rec3.rec3"},
    {"event of the server", recorded_55, sizeof recorded_55,
     "-1 EVENT SCHEMA_CHANGE CREATED TABLE rec3.t"},
    {"event of the server", recorded_56, sizeof recorded_56,
     "-1 EVENT SCHEMA_CHANGE DROPPED TABLE rec3.t"},
    {"event of the server", recorded_57, sizeof recorded_57,
     "-1 EVENT SCHEMA_CHANGE DROPPED KEYSPACE rec3.rec3"},
    {"event of the server", recorded_58, sizeof recorded_58,
     "-1 EVENT SCHEMA_CHANGE DROPPED TABLE rec.types"},
    {"event of the server", recorded_59, sizeof recorded_59,
     "-1 EVENT SCHEMA_CHANGE DROPPED TABLE rec.nested"},
    {"event of the server", recorded_60, sizeof recorded_60,
     "-1 EVENT SCHEMA_CHANGE DROPPED TABLE rec.counts"},
    {"event of the server", recorded_61, sizeof recorded_61,
     "-1 EVENT SCHEMA_CHANGE DROPPED TYPE rec.address"},
    {"event of the server", recorded_62, sizeof recorded_62,
     "-1 EVENT SCHEMA_CHANGE DROPPED KEYSPACE rec.rec"},
    {"authenticate", recorded_63, sizeof recorded_63,
     "259 AUTHENTICATE org.apache.cassandra.auth.PasswordAuthenticator"},
    {"auth refused", recorded_64, sizeof recorded_64,
     "518 ERROR 0100 Provided username cassandra and/or password are incorrect"},
    {"authenticate", recorded_65, sizeof recorded_65,
     "259 AUTHENTICATE org.apache.cassandra.auth.PasswordAuthenticator"},
    {"auth success", recorded_66, sizeof recorded_66, "518 SUCCESS 0x"},
    {"unauthorized", recorded_67, sizeof recorded_67,
     "777 ERROR 2100 User rec has no CREATE permission on <all tables in recauth> or any of its "
     "parents"},
    {"server error", recorded_68, sizeof recorded_68,
     "9 ERROR 0000 java.lang.NullPointerException"},
    {"overloaded", recorded_69, sizeof recorded_69, "9 ERROR 1001 too many requests"},
    {"bootstrapping", recorded_70, sizeof recorded_70, "9 ERROR 1002 not yet"},
    {"truncate", recorded_71, sizeof recorded_71, "9 ERROR 1003 cannot truncate"},
    {"write timeout", recorded_72, sizeof recorded_72,
     "9 ERROR 1100 Operation timed out | 4 1 2 SIMPLE"},
    {"write timeout", recorded_73, sizeof recorded_73,
     "9 ERROR 1100 Operation timed out | 4 1 2 BATCH"},
    {"write timeout", recorded_74, sizeof recorded_74,
     "9 ERROR 1100 Operation timed out | 4 1 2 UNLOGGED_BATCH"},
    {"write timeout", recorded_75, sizeof recorded_75,
     "9 ERROR 1100 Operation timed out | 4 1 2 COUNTER"},
    {"write timeout", recorded_76, sizeof recorded_76,
     "9 ERROR 1100 Operation timed out | 4 1 2 BATCH_LOG"},
    {"write timeout", recorded_77, sizeof recorded_77,
     "9 ERROR 1100 Operation timed out | 4 1 2 CAS"},
    {"write timeout", recorded_78, sizeof recorded_78,
     "9 ERROR 1100 Operation timed out | 4 1 2 VIEW"},
    {"write timeout", recorded_79, sizeof recorded_79,
     "9 ERROR 1100 Operation timed out | 4 1 2 CDC"},
    {"read timeout", recorded_80, sizeof recorded_80, "9 ERROR 1200 timed out | 1 0 1 nodata"},
    {"read timeout", recorded_81, sizeof recorded_81, "9 ERROR 1200 timed out | 6 1 2 data"},
    {"read failure", recorded_82, sizeof recorded_82, "9 ERROR 1300 failed | 4 1 2 1 data"},
    {"function failure", recorded_83, sizeof recorded_83, "9 ERROR 1400 it threw | ks.avg"},
    {"write failure", recorded_84, sizeof recorded_84, "9 ERROR 1500 failed | 10 0 1 1 SIMPLE"},
    {"challenge", recorded_85, sizeof recorded_85, "9 CHALLENGE 0x77686f3f"},
    {"success with token", recorded_86, sizeof recorded_86, "9 SUCCESS 0x746f6b"},
    {"event", recorded_87, sizeof recorded_87, "-1 EVENT TOPOLOGY_CHANGE NEW_NODE 10.0.0.3:9042"},
    {"event", recorded_88, sizeof recorded_88,
     "-1 EVENT TOPOLOGY_CHANGE REMOVED_NODE 10.0.0.3:9042"},
    {"event", recorded_89, sizeof recorded_89, "-1 EVENT STATUS_CHANGE UP 10.0.0.3:9042"},
    {"event", recorded_90, sizeof recorded_90, "-1 EVENT STATUS_CHANGE DOWN 10.0.0.3:9042"},
    {"event", recorded_91, sizeof recorded_91, "-1 EVENT STATUS_CHANGE DOWN fe80::1:2:9142"},
    {"event", recorded_92, sizeof recorded_92,
     "-1 EVENT SCHEMA_CHANGE UPDATED FUNCTION ks.f(int, text)"},
    {"event", recorded_93, sizeof recorded_93, "-1 EVENT SCHEMA_CHANGE DROPPED AGGREGATE ks.g()"},
    {"two warnings", recorded_94, sizeof recorded_94, "9 VOID warning=careful warning=very"},
    {"trace and warning", recorded_95, sizeof recorded_95,
     "9 VOID warning=careful warning=very trace=00000000-0000-0000-0000-000000001234"},
    {"payload", recorded_96, sizeof recorded_96, "9 VOID"},
    {"own tables", recorded_97, sizeof recorded_97, "9 ROWS k1.t1.a int; k2.t2.b text | 5 ; hi"},
};
