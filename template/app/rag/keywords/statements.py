"""The statements of the index.

Keyword search is BM25 (Robertson and Zaragoza 2009; k1 = 1.2, b = 0.75) over a GIN index alone, and bounded:
the rarest words of a question choose some thousand candidates, all words score them. So it takes as long
over a million chunks as over ten thousand. Where one word alone stands in too many chunks, those are taken
first that have another of the question's words too.
"""

CANDIDATES = 2000
"""Chunks that the rarest words may choose; the first one alone may choose twice as many."""
QUESTION_WORDS = 48
"""The rarest words of a question that count."""
PROMISING = 600
"""Candidates whose words are counted: those that have most of the question's rarest words, and are short."""
RAREST = 12
"""Words of a question that decide which candidates are promising."""

KEYWORD = """
term AS MATERIALIZED (
    SELECT DISTINCT total.language, question.lexeme AS word
    FROM rag_totals AS total
    CROSS JOIN LATERAL unnest(to_tsvector(total.language::regconfig, :question)) AS question
    WHERE total.index_id = {index} AND total.chunks > 0
), corpus AS MATERIALIZED (
    SELECT sum(chunks)::float AS chunks, greatest(sum(words)::float / greatest(sum(chunks), 1), 1) AS mean
    FROM rag_totals WHERE index_id = {index}
), word AS MATERIALIZED (
    SELECT word,
           quote_literal(word)::tsquery AS query,
           ln(1 + (corpus.chunks - rag_words.chunks + 0.5) / (rag_words.chunks + 0.5)) AS idf,
           rag_words.chunks,
           sum(rag_words.chunks) OVER (ORDER BY rag_words.chunks, word) AS reached,
           row_number() OVER (ORDER BY rag_words.chunks, word) AS place
    FROM (SELECT DISTINCT word FROM term) AS asked
    JOIN rag_words USING (word)
    CROSS JOIN corpus
    WHERE index_id = {index} AND rag_words.chunks > 0
    ORDER BY rag_words.chunks, word
    LIMIT {words}
), rare AS MATERIALIZED (
    SELECT string_agg(quote_literal(word), ' | ')::tsquery AS query
    FROM word WHERE place = 1 OR reached <= {candidates}
), paired AS MATERIALIZED (
    SELECT (quote_literal(min(word) FILTER (WHERE place = 1)) || ' & ('
            || string_agg(quote_literal(word), ' | ') FILTER (WHERE place > 1) || ')')::tsquery AS query
    FROM word HAVING max(chunks) FILTER (WHERE place = 1) > 2 * {candidates}
), asked AS MATERIALIZED (
    SELECT array_agg(word) AS words FROM word
), candidate AS MATERIALIZED (
    (SELECT document_id, version, position, language, words, length FROM rag_chunks
     WHERE index_id = {index} AND words @@ (SELECT query FROM rare){where} LIMIT 2 * {candidates})
    UNION
    (SELECT document_id, version, position, language, words, length FROM rag_chunks
     WHERE index_id = {index} AND words @@ (SELECT query FROM paired){where} LIMIT {candidates})
), promising AS MATERIALIZED (  -- as if each word stood there once: that much is cheap to see
    SELECT candidate.*
    FROM candidate
    CROSS JOIN corpus
    CROSS JOIN LATERAL (
        SELECT sum(idf) AS idf FROM word WHERE place <= {rarest} AND candidate.words @@ word.query
    ) AS present
    ORDER BY present.idf / (1 + 1.2 * (0.25 + 0.75 * length / corpus.mean)) DESC NULLS LAST,
             document_id, version, position
    LIMIT {promising}
), frequency AS MATERIALIZED (  -- the words of each are read once
    SELECT document_id, version, position, language, length, lexeme, array_length(positions, 1) AS tf
    FROM promising CROSS JOIN LATERAL unnest(promising.words)
    WHERE lexeme = ANY ((SELECT words FROM asked)::text[])
), ranked AS (
    SELECT document_id, version, position,
           sum(word.idf * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * length / corpus.mean))) AS bm25
    FROM frequency
    JOIN term ON term.language = frequency.language AND term.word = frequency.lexeme
    JOIN word ON word.word = frequency.lexeme
    CROSS JOIN corpus
    GROUP BY document_id, version, position
    ORDER BY bm25 DESC, document_id, version, position
    LIMIT :many
), keyword AS (
    SELECT *, row_number() OVER (ORDER BY bm25 DESC, document_id, version, position) AS place FROM ranked
)"""

CHUNK = "c.document_id, c.version, c.position, c.text, c.page, c.headings, c.kind, c.context"
"""The columns of a chunk, where `rag_chunks` is called `c`."""

ONE = """
WITH {search}
SELECT {chunk}, {score} AS score, {dense} AS cosine, {keyword} AS bm25
FROM {name} JOIN rag_chunks AS c USING (document_id, version, position)
WHERE c.index_id = {index}
ORDER BY place
LIMIT :most
"""

WRITE = """
WITH given AS (
    SELECT * FROM unnest(
        CAST(:positions AS integer[]), CAST(:pages AS integer[]), CAST(:headings AS jsonb[]),
        CAST(:kinds AS text[]), CAST(:texts AS text[]), CAST(:contexts AS text[]), CAST(:searched AS text[])
    ) AS given(position, page, headings, kind, text, context, searched)
), new AS (
    INSERT INTO rag_chunks (index_id, document_id, version, position, owner, source, format, language, fields,
                            page, headings, kind, text, context, words, length)
    SELECT :index, :document, :version, position, :owner, :source, :format, :language,
           CAST(:fields AS jsonb), page, ARRAY(SELECT jsonb_array_elements_text(headings)), kind, text,
           context, words, (SELECT coalesce(sum(array_length(positions, 1)), 0) FROM unnest(words))
    FROM given CROSS JOIN LATERAL to_tsvector(CAST(:language AS regconfig), searched) AS words
    ON CONFLICT DO NOTHING
    RETURNING words, length
), counted AS (
    INSERT INTO rag_words AS known (index_id, word, chunks)
    SELECT :index, lexeme, count(*) FROM new, unnest(new.words) GROUP BY lexeme ORDER BY lexeme
    ON CONFLICT (index_id, word) DO UPDATE SET chunks = known.chunks + excluded.chunks
)
INSERT INTO rag_totals AS known (index_id, language, chunks, words)
SELECT :index, :language, count(*), sum(length) FROM new HAVING count(*) > 0
ON CONFLICT (index_id, language)
DO UPDATE SET chunks = known.chunks + excluded.chunks, words = known.words + excluded.words
"""

DELETE = """
WITH gone AS (
    DELETE FROM rag_chunks
    WHERE index_id = :index AND document_id = :document
    AND (CAST(:keep AS integer) IS NULL OR version <> :keep)
    RETURNING language, words, length
), counted AS (
    INSERT INTO rag_words AS known (index_id, word, chunks)
    SELECT :index, lexeme, -count(*) FROM gone, unnest(gone.words) GROUP BY lexeme ORDER BY lexeme
    ON CONFLICT (index_id, word) DO UPDATE SET chunks = known.chunks + excluded.chunks
)
INSERT INTO rag_totals AS known (index_id, language, chunks, words)
SELECT :index, language, -count(*), -sum(length) FROM gone GROUP BY language ORDER BY language
ON CONFLICT (index_id, language)
DO UPDATE SET chunks = known.chunks + excluded.chunks, words = known.words + excluded.words
"""
# words that stand nowhere any more stay with a count of 0: they come back, and nothing reads them

AROUND = """
SELECT DISTINCT {chunk}
FROM unnest(CAST(:documents AS uuid[]), CAST(:versions AS integer[]), CAST(:positions AS integer[]))
     AS wanted(document_id, version, position)
JOIN rag_chunks AS c ON c.index_id = {index} AND c.document_id = wanted.document_id
     AND c.version = wanted.version AND abs(c.position - wanted.position) <= :reach
ORDER BY c.document_id, c.version, c.position
"""


def keyword_part(index: int, where: str) -> str:
    """Return the part that ranks by words, as `keyword`."""
    return KEYWORD.format(
        index=index,
        where=where,
        candidates=CANDIDATES,
        words=QUESTION_WORDS,
        promising=PROMISING,
        rarest=RAREST,
    )


def by_keyword(index: int, where: str) -> str:
    """Return the statement of keyword search."""
    return one_ranking(index, keyword_part(index, where), name="keyword", score="bm25", keyword="bm25")


def one_ranking(
    index: int, part: str, *, name: str, score: str, dense: str = "NULL", keyword: str = "NULL"
) -> str:
    """Return the statement that gives the chunks of one ranking, whose `part` is called `name`."""
    return ONE.format(
        search=part, name=name, score=score, dense=dense, keyword=keyword, index=index, chunk=CHUNK
    )


def around(index: int) -> str:
    """Return the statement that gives chunks with their neighbours."""
    return AROUND.format(index=index, chunk=CHUNK)
