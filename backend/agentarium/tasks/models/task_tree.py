from django.db import models

from agentarium.tasks.models.task import AgentTask


class TaskTree(models.Model):
    """The size of a task tree: a task, and all tasks that agents started below it.

    It has a row from the first child on. Tasks never leave a tree, so the size does not
    shrink when they end; retrying the root starts it again.
    """

    root = models.OneToOneField(
        AgentTask, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    size = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"Tree of task {self.root_id}"
