from typing import ClassVar

from django.conf import settings
from django.db import models


class Task(models.Model):
    objects: ClassVar[models.Manager["Task"]] = models.Manager()

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    agent = models.IntegerField()
    input_text = models.TextField()
    output_text = models.TextField(blank=True)
    status = models.CharField(max_length=16, default="pending", db_index=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "plain"

    def __str__(self) -> str:
        return f"task {self.pk}"
