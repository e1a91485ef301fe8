"""The least that could do the same: a hand-written route, and raw Celery tasks."""

import os
import threading
from uuid import UUID

import psycopg
from app.runs.models import Run
from app.runs.schemas import RunView
from celery import Celery
from fastapi import FastAPI, HTTPException
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

# ---- a route: the same query, the same model of the answer, no middleware

app = FastAPI()
engine = create_async_engine(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://"))
sessions = async_sessionmaker(engine)


@app.get("/v1/runs/{run_id}")
async def get_run(run_id: UUID) -> RunView:
    async with sessions() as session:
        run = await session.get(Run, run_id)
    if run is None:
        raise HTTPException(404)
    return RunView.model_validate(run)


# ---- a task: a row is claimed, and its result is stored

celery = Celery("plain", broker=os.environ["BROKER_URL"])
celery.conf.update(
    task_acks_late=True, worker_prefetch_multiplier=1, task_ignore_result=True, task_default_queue="plain"
)
_local = threading.local()


@celery.task(name="plain.work")
def work(row: int) -> None:
    if not hasattr(_local, "connection"):
        _local.connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    _local.connection.execute("UPDATE plain SET status = 'running', at = now() WHERE id = %s", (row,))
    _local.connection.execute("UPDATE plain SET status = 'succeeded', at = now() WHERE id = %s", (row,))
