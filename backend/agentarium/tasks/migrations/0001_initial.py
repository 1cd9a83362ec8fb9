
import agentarium.db.clock
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('agents', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PeriodicJob',
            fields=[
                ('name', models.CharField(max_length=50, primary_key=True, serialize=False)),
                ('due_at', models.DateTimeField(db_default=agentarium.db.clock.Now())),
                ('checkpoint', models.JSONField(default=None, help_text='Where the next run continues.', null=True)),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Worker',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='Host and process id.', max_length=200)),
                ('capacity', models.PositiveIntegerField()),
                ('started_at', models.DateTimeField(db_default=agentarium.db.clock.Now())),
                ('lease_until', models.DateTimeField()),
                ('lost_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='AgentTask',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('status', models.CharField(choices=[('pending', 'Pending'), ('running', 'Running'), ('waiting', 'Waiting'), ('completed', 'Completed'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='pending', max_length=16)),
                ('attempt', models.PositiveIntegerField(default=0)),
                ('lost_attempts', models.PositiveSmallIntegerField(default=0)),
                ('request_id', models.CharField(blank=True, help_text='Id of the request that submitted the task.', max_length=64)),
                ('priority', models.SmallIntegerField(default=0, help_text='Tasks with a higher priority start first.')),
                ('rank', models.BigIntegerField(default=0)),
                ('is_due', models.BooleanField(default=True)),
                ('run_after', models.DateTimeField(blank=True, help_text='The task does not start before this time.', null=True)),
                ('depth', models.PositiveSmallIntegerField(default=0)),
                ('created_at', models.DateTimeField(blank=True, db_default=agentarium.db.clock.Now())),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('input_tokens', models.PositiveBigIntegerField(default=0)),
                ('output_tokens', models.PositiveBigIntegerField(default=0)),
                ('cost_nanodollars', models.BigIntegerField(db_default=0, default=0)),
                ('cost_is_complete', models.BooleanField(db_default=True, default=True, help_text="False if a model's price is unknown; `cost` does not include it.")),
                ('steps_count', models.PositiveIntegerField(default=0)),
                ('error_code', models.CharField(blank=True, max_length=50)),
                ('error_detail', models.CharField(blank=True, max_length=1000)),
                ('input_text', models.TextField()),
                ('output_text', models.TextField(blank=True, default='')),
                ('agent', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='tasks', to='agents.agent')),
                ('agent_version', models.ForeignKey(blank=True, db_index=False, help_text="Defaults to the agent's current version.", on_delete=django.db.models.deletion.PROTECT, related_name='tasks', to='agents.agentversion')),
                ('follows', models.ForeignKey(blank=True, db_index=False, help_text='The task whose conversation this one continues.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='followers', to='tasks.agenttask')),
                ('owner', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='tasks', to=settings.AUTH_USER_MODEL)),
                ('parent', models.ForeignKey(blank=True, db_index=False, help_text='The task that called this one as a tool.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='children', to='tasks.agenttask')),
                ('worker', models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='tasks.worker')),
            ],
            options={
                'ordering': ['-created_at', '-id'],
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='Draft',
            fields=[
                ('pk', models.CompositePrimaryKey('task', 'attempt', 'seq', 'channel', 'offset', blank=True, editable=False, primary_key=True, serialize=False)),
                ('attempt', models.PositiveIntegerField()),
                ('seq', models.PositiveIntegerField()),
                ('step', models.PositiveIntegerField()),
                ('channel', models.CharField(choices=[('text', 'Text'), ('reasoning', 'Reasoning')], max_length=16)),
                ('offset', models.PositiveIntegerField(help_text='Characters that precede it in the step, in the same channel.')),
                ('text', models.TextField()),
                ('task', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='drafts', to='tasks.agenttask')),
            ],
            options={
                'ordering': ['offset'],
            },
        ),
        migrations.CreateModel(
            name='TaskDuration',
            fields=[
                ('bucket', models.CharField(choices=[('hour', 'Hour'), ('day', 'Day')], max_length=4)),
                ('agent_id', models.BigIntegerField(help_text='0 stands for all agents.')),
                ('start_at', models.DateTimeField()),
                ('pk', models.CompositePrimaryKey('owner', 'bucket', 'agent_id', 'start_at', 'measure', 'bin', blank=True, editable=False, primary_key=True, serialize=False)),
                ('measure', models.CharField(choices=[('latency', 'Latency'), ('run', 'Run')], max_length=8)),
                ('bin', models.SmallIntegerField()),
                ('count', models.BigIntegerField(default=0)),
                ('owner', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('pk', models.CompositePrimaryKey('task', 'attempt', 'seq', blank=True, editable=False, primary_key=True, serialize=False)),
                ('attempt', models.PositiveIntegerField()),
                ('seq', models.PositiveIntegerField()),
                ('type', models.CharField(max_length=32)),
                ('created_at', models.DateTimeField(db_default=agentarium.db.clock.Now())),
                ('data', models.JSONField(default=dict)),
                ('task', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='events', to='tasks.agenttask')),
            ],
            options={
                'ordering': ['attempt', 'seq'],
                'indexes': [models.Index(condition=models.Q(('type', 'attempt.lost')), fields=['created_at'], name='event_attempt_lost')],
            },
        ),
        migrations.CreateModel(
            name='Step',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveIntegerField(help_text='1, 2, 3, ... within the task.')),
                ('attempt', models.PositiveIntegerField()),
                ('seq', models.PositiveIntegerField(default=0, help_text="`seq` of the step's event; kept when the event is deleted.")),
                ('kind', models.CharField(choices=[('model_response', 'Model Response'), ('tool_result', 'Tool Result')], max_length=16)),
                ('model', models.CharField(blank=True, max_length=200)),
                ('finish_reason', models.CharField(blank=True, max_length=16)),
                ('input_tokens', models.PositiveIntegerField(default=0)),
                ('output_tokens', models.PositiveIntegerField(default=0)),
                ('cached_input_tokens', models.PositiveIntegerField(default=0)),
                ('reasoning_tokens', models.PositiveIntegerField(default=0)),
                ('cost_nanodollars', models.BigIntegerField(null=True)),
                ('started_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField()),
                ('message', models.JSONField(help_text="The message, in the runtime's provider-neutral format.")),
                ('task', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='tasks.agenttask')),
            ],
            options={
                'ordering': ['position'],
                'constraints': [models.UniqueConstraint(fields=('task', 'position'), name='step_position_of_task')],
            },
        ),
        migrations.CreateModel(
            name='Submission',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=200)),
                ('body_hash', models.CharField(max_length=64)),
                ('created_at', models.DateTimeField(db_default=agentarium.db.clock.Now(), db_index=True)),
                ('owner', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('task', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tasks.agenttask')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('owner', 'key'), name='submission_key')],
            },
        ),
        migrations.CreateModel(
            name='TaskCount',
            fields=[
                ('bucket', models.CharField(choices=[('hour', 'Hour'), ('day', 'Day')], max_length=4)),
                ('agent_id', models.BigIntegerField(help_text='0 stands for all agents.')),
                ('start_at', models.DateTimeField()),
                ('pk', models.CompositePrimaryKey('owner', 'bucket', 'agent_id', 'start_at', blank=True, editable=False, primary_key=True, serialize=False)),
                ('completed', models.BigIntegerField(default=0)),
                ('failed', models.BigIntegerField(default=0)),
                ('cancelled', models.BigIntegerField(default=0)),
                ('input_tokens', models.BigIntegerField(default=0)),
                ('output_tokens', models.BigIntegerField(default=0)),
                ('cost_nanodollars', models.BigIntegerField(db_default=0, default=0)),
                ('incomplete_costs', models.BigIntegerField(db_default=0, default=0, help_text='Number of tasks with a model call of unknown price.')),
                ('owner', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['owner', 'bucket', 'start_at'], name='task_count_start')],
            },
        ),
        migrations.CreateModel(
            name='ToolCall',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('step', models.PositiveIntegerField(help_text='Position of the step that made the call.')),
                ('tool_call_id', models.CharField(max_length=200)),
                ('name', models.CharField(max_length=200)),
                ('effect', models.CharField(max_length=16)),
                ('status', models.CharField(choices=[('waiting', 'Waiting'), ('approved', 'Approved'), ('started', 'Started'), ('answered', 'Answered'), ('completed', 'Completed')], max_length=16)),
                ('waits_for', models.CharField(blank=True, choices=[('approval', 'Approval'), ('answer', 'Answer'), ('outcome', 'Outcome'), ('task', 'Task')], max_length=16)),
                ('decided_at', models.DateTimeField(null=True)),
                ('pending_event', models.JSONField(help_text="A decision that is not in the task's log yet.", null=True)),
                ('created_at', models.DateTimeField(db_default=agentarium.db.clock.Now())),
                ('expires_at', models.DateTimeField(null=True)),
                ('is_error', models.BooleanField(default=False)),
                ('arguments', models.TextField(help_text='JSON; possibly changed by a person.')),
                ('answer', models.TextField(blank=True, help_text='The result that the model gets.')),
                ('child', models.OneToOneField(help_text='The task whose output answers the call.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='called_by', to='tasks.agenttask')),
                ('decided_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('task', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='tool_calls', to='tasks.agenttask')),
            ],
            options={
                'ordering': ['id'],
                'indexes': [models.Index(condition=models.Q(('status', 'waiting')), fields=['task'], name='tool_call_waiting'), models.Index(condition=models.Q(('expires_at__isnull', False), ('status', 'waiting')), fields=['expires_at'], name='tool_call_expiring')],
                'constraints': [models.UniqueConstraint(fields=('task', 'step', 'tool_call_id'), name='tool_call_of_step')],
            },
        ),
        migrations.AddIndex(
            model_name='agenttask',
            index=models.Index(fields=['agent', 'owner', '-created_at', '-id'], name='task_agent_newest'),
        ),
        migrations.AddIndex(
            model_name='agenttask',
            index=models.Index(fields=['agent', 'owner', 'status', '-created_at', '-id'], name='task_agent_status'),
        ),
        migrations.AddIndex(
            model_name='agenttask',
            index=models.Index(fields=['owner', '-created_at', '-id'], name='task_owner_created'),
        ),
        migrations.AddIndex(
            model_name='agenttask',
            index=models.Index(fields=['owner', 'status', '-created_at', '-id'], name='task_owner_status'),
        ),
        migrations.AddIndex(
            model_name='agenttask',
            index=models.Index(condition=models.Q(('is_due', True), ('status', 'pending')), fields=['-priority', 'rank', 'id'], name='task_pending'),
        ),
        migrations.AddIndex(
            model_name='agenttask',
            index=models.Index(condition=models.Q(('status', 'pending')), fields=['owner', 'priority', 'rank'], name='task_owner_pending'),
        ),
        migrations.AddIndex(
            model_name='agenttask',
            index=models.Index(condition=models.Q(('is_due', False), ('status', 'pending')), fields=['run_after'], name='task_not_due'),
        ),
        migrations.AddIndex(
            model_name='agenttask',
            index=models.Index(condition=models.Q(('status', 'running')), fields=['owner', 'agent'], name='task_owner_running'),
        ),
        migrations.AddIndex(
            model_name='agenttask',
            index=models.Index(condition=models.Q(('parent__isnull', False)), fields=['parent'], name='task_parent'),
        ),
        migrations.AddIndex(
            model_name='agenttask',
            index=models.Index(condition=models.Q(('follows__isnull', False)), fields=['follows'], name='task_follows'),
        ),
        migrations.AddIndex(
            model_name='agenttask',
            index=models.Index(condition=models.Q(('finished_at__isnull', False)), fields=['finished_at'], name='task_finished'),
        ),
        migrations.AddIndex(
            model_name='agenttask',
            index=models.Index(condition=models.Q(('error_code', 'worker_lost')), fields=['finished_at'], name='task_worker_lost'),
        ),
        migrations.AddIndex(
            model_name='agenttask',
            index=models.Index(condition=models.Q(('status', 'running')), fields=['worker'], name='task_running'),
        ),
        migrations.AddConstraint(
            model_name='agenttask',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', True), ('status__in', ['pending', 'running', 'waiting'])), models.Q(('finished_at__isnull', False), ('status__in', ['completed', 'failed', 'cancelled'])), _connector='OR'), name='task_finished_at_matches_status'),
        ),
    ]
