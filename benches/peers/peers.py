#!/usr/bin/env python3
"""The same work by engines that somebody might use instead, each call a whole process.

peers.py duckdb|clickhouse|ripgrep VERB TRAIL STORE [ARGUMENT]
  ingest          the trail's objects into STORE, with an index of the ARNs in each call (DuckDB: Parquet; ClickHouse: MergeTree)
  question ARN    successful or not, what changed and names the ARN, newest first
  raw ARN         the same out of the trail, nothing kept
  chains FILE     each event id in FILE back to the first access key (DuckDB alone)
  day             calls, failures, writes and privileged acts by caller, service and account

Needs: duckdb and chdb (PyPI), ripgrep and jq. An engine that is not there ends with 3. Prints how many rows were found.
"""
import json
import os
import shutil
import subprocess
import sys

PRIVILEGED = (
    "CreateRole DeleteRole AttachRolePolicy DetachRolePolicy PutRolePolicy UpdateAssumeRolePolicy CreatePolicyVersion CreateAccessKey"
    " PutBucketPolicy PutKeyPolicy CreateGrant StopLogging StartSession AuthorizeSecurityGroupIngress"
).split()
ARNS = "arn:aws[a-z-]*:[^\"\\\\ ]+"


def quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


class DuckDb:
    """Records are taken apart by one from_json over each object's text: read_json with columns takes some five times as long."""

    TEXTS = (
        "eventVersion eventTime eventSource eventName awsRegion sourceIPAddress userAgent errorCode errorMessage requestID eventID eventType"
        " recipientAccountId sharedEventID eventCategory"
    ).split()
    NESTED = "requestParameters responseElements resources additionalEventData serviceEventDetails tlsDetails".split()
    CALLER = {
        **{name: "VARCHAR" for name in "type principalId arn accountId accessKeyId userName invokedBy".split()},
        "onBehalfOf": {"userId": "VARCHAR"},
        "sessionContext": {"sessionIssuer": {"arn": "VARCHAR"}, "sourceIdentity": "VARCHAR"},
    }
    COLUMNS = """
        CAST(r.eventTime AS TIMESTAMP) AS event_time, r.eventID AS event_id, r.eventSource AS event_source, r.eventName AS event_name,
        r.awsRegion AS region, r.recipientAccountId AS account, r.readOnly AS read_only, r.eventType AS event_type,
        r.eventCategory AS event_category, r.errorCode AS error_code, r.errorMessage AS error_message, r.sourceIPAddress AS source_ip,
        r.userAgent AS user_agent, r.requestID AS request_id, r.sharedEventID AS shared_event_id, r.userIdentity."type" AS user_type,
        r.userIdentity.arn AS user_arn, r.userIdentity.principalId AS principal_id, r.userIdentity.accountId AS user_account,
        r.userIdentity.accessKeyId AS access_key, r.userIdentity.userName AS user_name, r.userIdentity.invokedBy AS invoked_by,
        r.userIdentity.sessionContext.sessionIssuer.arn AS issuer_arn, r.userIdentity.sessionContext.sourceIdentity AS source_identity,
        r.userIdentity.onBehalfOf.userId AS on_behalf_of,
        CASE WHEN r.eventName LIKE 'AssumeRole%' THEN json_extract_string(r.responseElements, '$.credentials.accessKeyId') END AS issued_key,
        r.requestParameters AS request, r.responseElements AS response, r.resources AS resources, r.tlsDetails AS tls,
        r.additionalEventData AS additional"""
    SHOWN = "event_time, event_name, account, coalesce(on_behalf_of, user_arn, invoked_by) AS caller, access_key, event_id"

    def __init__(self, trail, store):
        import duckdb

        self.trail, self.events, self.index = trail, store + "/events.parquet", store + "/arns.parquet"
        self.store, self.connection = store, duckdb.connect()

    def rows(self, query):
        return self.connection.execute(query).fetchall()

    def records(self, fields, objects="true"):
        shape = json.dumps({"Records": [fields]}).replace("'", "''")
        objects = f"read_json_objects('{self.trail}/**/*.json.gz', format='newline_delimited') WHERE {objects}"
        return f"(SELECT unnest(from_json(json, '{shape}').Records) AS r FROM {objects})"

    def ingest(self):
        shutil.rmtree(self.store, ignore_errors=True)
        os.makedirs(self.store)
        self.rows(f"SET preserve_insertion_order=false; SET temp_directory='{self.store}/tmp'")
        fields = {name: "VARCHAR" for name in self.TEXTS} | {name: "JSON" for name in self.NESTED}
        fields |= {"userIdentity": self.CALLER, "readOnly": "BOOLEAN", "managementEvent": "BOOLEAN"}
        options = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 30720"
        self.rows(f"COPY (SELECT {self.COLUMNS} FROM {self.records(fields)}) TO '{self.events}' ({options})")
        arns = f"unnest(list_distinct(regexp_extract_all(concat(request, response, resources), {quoted(ARNS)})))"
        index = f"SELECT {arns} AS arn, event_time, read_only, event_id, account FROM '{self.events}'"
        self.rows(f"COPY (SELECT * FROM ({index}) ORDER BY arn, event_time DESC) TO '{self.index}' ({options})")
        shutil.rmtree(self.store + "/tmp", ignore_errors=True)
        return self.rows(f"SELECT 1 FROM '{self.events}'")

    def question(self, arn):
        found = self.rows(f"SELECT event_id, account, event_time FROM '{self.index}' WHERE arn = {quoted(arn)} AND NOT read_only")
        if not found:
            return []
        ids = ", ".join(quoted(row[0]) for row in found)
        accounts = ", ".join(quoted(account) for account in {row[1] for row in found})
        times = f"'{min(row[2] for row in found)}' AND '{max(row[2] for row in found)}'"
        return self.rows(
            f"SELECT {self.SHOWN} FROM '{self.events}' WHERE account IN ({accounts}) AND event_time BETWEEN {times} AND event_id IN ({ids})"
            " ORDER BY event_time DESC"
        )

    def raw(self, arn):
        records = self.records("JSON", f"contains(json::VARCHAR, {quoted(arn)})")
        return self.rows(
            f"SELECT r->>'eventTime' AS time, r->>'eventName', r->>'eventID', r->'userIdentity' FROM {records}"
            f" WHERE contains(r::VARCHAR, {quoted(arn)}) AND NOT (r->>'readOnly')::BOOLEAN ORDER BY time DESC"
        )

    def chains(self, file):
        with open(file) as lines:
            ids = ", ".join(quoted(line.strip()) for line in lines)
        return self.rows(
            f"""WITH RECURSIVE issued AS MATERIALIZED (
                  SELECT issued_key, any_value(access_key) FILTER (user_type <> 'AWSAccount') AS parent,
                         any_value(coalesce(user_name, user_arn, invoked_by, principal_id)) FILTER (user_type <> 'AWSAccount') AS caller
                  FROM '{self.events}' WHERE issued_key IS NOT NULL GROUP BY issued_key),
                walk AS (
                  SELECT event_id, access_key AS key, 0 AS hop, user_arn AS caller FROM '{self.events}' WHERE event_id IN ({ids})
                  UNION ALL
                  SELECT w.event_id, i.parent, w.hop + 1, i.caller FROM walk w JOIN issued i ON i.issued_key = w.key WHERE w.hop < 12)
                SELECT event_id, max(hop), arg_max(caller, hop) FROM walk GROUP BY event_id"""
        )

    def day(self):
        acts = ", ".join(quoted(name) for name in PRIVILEGED)
        return self.rows(
            f"""SELECT CAST(event_time AS DATE) AS day, account, coalesce(on_behalf_of, issuer_arn, user_arn, invoked_by) AS caller, event_source,
                       count(*) AS calls, count(*) FILTER (error_code IS NOT NULL) AS failed, count(*) FILTER (NOT read_only) AS writes,
                       count(*) FILTER (event_name IN ({acts})) AS privileged
                FROM '{self.events}' GROUP BY ALL ORDER BY privileged DESC, calls DESC"""
        )


class ClickHouse:
    """ClickHouse in the process (chdb): a MergeTree by account and time, with a bloom filter over each call's ARNs."""

    CALLER = (
        "Tuple(`type` String, principalId String, arn String, accountId String, accessKeyId String, userName String, invokedBy String,"
        " sessionContext Tuple(sessionIssuer Tuple(arn String), sourceIdentity String))"
    )
    TEXTS = DuckDb.TEXTS + [name for name in DuckDb.NESTED if name != "serviceEventDetails"]
    COLUMNS = """
        parseDateTimeBestEffort(r.eventTime) AS event_time, r.eventID AS event_id, r.eventSource AS event_source, r.eventName AS event_name,
        r.awsRegion AS region, r.recipientAccountId AS account, r.readOnly AS read_only, r.eventType AS event_type,
        r.eventCategory AS event_category, r.errorCode AS error_code, r.errorMessage AS error_message, r.sourceIPAddress AS source_ip,
        r.userAgent AS user_agent, r.requestID AS request_id, r.sharedEventID AS shared_event_id, r.userIdentity.type AS user_type,
        r.userIdentity.arn AS user_arn, r.userIdentity.principalId AS principal_id, r.userIdentity.accountId AS user_account,
        r.userIdentity.accessKeyId AS access_key, r.userIdentity.userName AS user_name, r.userIdentity.invokedBy AS invoked_by,
        r.userIdentity.sessionContext.sessionIssuer.arn AS issuer_arn,
        if(startsWith(r.eventName, 'AssumeRole'), JSONExtractString(r.responseElements, 'credentials', 'accessKeyId'), '') AS issued_key,
        r.requestParameters AS request, r.responseElements AS response, r.resources AS resources, r.tlsDetails AS tls"""
    SETTINGS = (
        " SETTINGS input_format_json_read_objects_as_strings=1, input_format_json_read_arrays_as_strings=1, input_format_skip_unknown_fields=1,"
        " input_format_null_as_default=1, input_format_json_defaults_for_missing_elements_in_named_tuple=1,"
        " input_format_json_ignore_unknown_keys_in_named_tuple=1"
    )

    def __init__(self, trail, store):
        from chdb import session

        self.trail, self.store, self.session = trail, store, session

    def open(self, kept=True):
        return self.session.Session(self.store + "/db") if kept else self.session.Session()

    def rows(self, session, query):
        return str(session.query(query, "TSV")).strip().splitlines()

    def ingest(self):
        shutil.rmtree(self.store, ignore_errors=True)
        os.makedirs(self.store)
        texts = ", ".join(f"{name} String" for name in self.TEXTS)
        shape = f"Records Array(Tuple({texts}, userIdentity {self.CALLER}, readOnly Bool))"
        objects = f"file('{self.trail}/**/*.json.gz', 'JSONEachRow', '{shape}') ARRAY JOIN Records AS r"
        arns = "arrayDistinct(extractAll(concat(request, response, resources), 'arn:aws[a-z-]*:[^\"\\\\\\\\ ]+')) AS arns"
        chosen = f"SELECT {self.COLUMNS}, {arns} FROM {objects}"
        session = self.open()
        session.query("CREATE DATABASE trail ENGINE=Atomic")
        session.query(f"CREATE TABLE trail.events ENGINE=MergeTree ORDER BY (account, event_time) AS {chosen} LIMIT 0{self.SETTINGS}")
        for name in ("arns", "event_id"):
            session.query(f"ALTER TABLE trail.events ADD INDEX of_{name} {name} TYPE bloom_filter(0.01) GRANULARITY 1")
        session.query(f"INSERT INTO trail.events {chosen}{self.SETTINGS}")
        return range(int(self.rows(session, "SELECT count() FROM trail.events")[0]))

    def question(self, arn):
        shown = "event_time, event_name, account, user_arn, access_key, event_id"
        wanted = f"NOT read_only AND has(arns, {quoted(arn)})"
        return self.rows(self.open(), f"SELECT {shown} FROM trail.events WHERE {wanted} ORDER BY event_time DESC")

    def raw(self, arn):
        records = f"SELECT arrayJoin(JSONExtractArrayRaw(json, 'Records')) AS r FROM file('{self.trail}/**/*.json.gz', 'JSONAsString')"
        shown = "JSONExtractString(r, 'eventTime') AS time, JSONExtractString(r, 'eventName'), JSONExtractString(r, 'eventID')"
        wanted = f"position(r, {quoted(arn)}) > 0 AND JSONExtractBool(r, 'readOnly') = 0"
        return self.rows(self.open(kept=False), f"SELECT {shown} FROM ({records}) WHERE {wanted} ORDER BY time DESC")

    def day(self):
        acts = ", ".join(quoted(name) for name in PRIVILEGED)
        caller = "if(issuer_arn != '', issuer_arn, if(user_arn != '', user_arn, invoked_by))"
        return self.rows(
            self.open(),
            f"""SELECT toDate(event_time) AS day, account, {caller} AS caller, event_source, count() AS calls, countIf(error_code != '') AS failed,
                       countIf(NOT read_only) AS writes, countIf(event_name IN ({acts})) AS privileged
                FROM trail.events GROUP BY day, account, caller, event_source ORDER BY privileged DESC, calls DESC""",
        )


class Ripgrep:
    """Files that hold the ARN by ripgrep, their records by jq."""

    def __init__(self, trail, _store):
        self.trail = trail
        for program in ("rg", "jq"):
            if shutil.which(program) is None:
                raise ImportError(program)

    def raw(self, arn):
        found = subprocess.run(["rg", "-z", "-l", "-F", "-e", arn, self.trail, "--glob", "*.json.gz"], stdout=subprocess.PIPE, text=True)
        files = found.stdout.split("\n")[:-1]
        wanted = ".Records[] | select(.readOnly == false and (tostring | contains($arn))) | [.eventTime, .eventName, .eventID]"
        rows = []
        for first in range(0, len(files), 50):
            texts = subprocess.Popen(["zcat", *files[first : first + 50]], stdout=subprocess.PIPE)
            picked = subprocess.run(["jq", "-c", "--arg", "arn", arn, wanted], stdin=texts.stdout, stdout=subprocess.PIPE, text=True, check=True)
            if texts.wait() != 0:
                raise RuntimeError("zcat")
            rows += picked.stdout.splitlines()
        return sorted(rows, reverse=True)


def main():
    engine, verb, trail, store, *rest = sys.argv[1:]
    engines = {"duckdb": DuckDb, "clickhouse": ClickHouse, "ripgrep": Ripgrep}
    try:
        chosen = engines[engine](os.path.abspath(trail), os.path.abspath(store))
    except ImportError as error:
        print(f"not there: {error}", file=sys.stderr)
        sys.exit(3)
    print(len(getattr(chosen, verb)(*rest)))


main()
