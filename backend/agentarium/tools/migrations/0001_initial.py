
import agentarium.core.encryption
import agentarium.db.clock
import django.core.validators
import django.db.models.deletion
import re
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='HttpTool',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=64, validators=[django.core.validators.RegexValidator(re.compile('\\A[a-zA-Z0-9_-]{1,64}\\Z'), 'Use 1 to 64 letters, digits, _ and -.', 'invalid_name')])),
                ('description', models.CharField(blank=True, max_length=4000)),
                ('headers', agentarium.core.encryption.SealedMapField(blank=True, default=dict)),
                ('timeout', models.PositiveIntegerField(default=60, help_text='Time limit of one call, in seconds.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(600)])),
                ('created_at', models.DateTimeField(db_default=agentarium.db.clock.Now())),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('parameters', models.JSONField(default=dict, help_text='JSON schema of the arguments, an object.')),
                ('method', models.CharField(choices=[('GET', 'Get'), ('POST', 'Post'), ('PUT', 'Put'), ('PATCH', 'Patch'), ('DELETE', 'Delete')], default='GET', max_length=6)),
                ('url_template', models.CharField(help_text='With {placeholders} for arguments after the host. Arguments without a placeholder become query parameters of GET and DELETE, a JSON body otherwise.', max_length=2000)),
                ('effect', models.CharField(choices=[('read', 'Read'), ('idempotent', 'Idempotent'), ('write', 'Write')], default='write', help_text='What repeating a call does: nothing (read), nothing with the same Idempotency-Key (idempotent), or the action once more (write).', max_length=10)),
                ('needs_approval', models.BooleanField(default=False, help_text='Ask a person before each call.')),
                ('owner', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='http_tools', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-created_at', '-id'],
                'indexes': [models.Index(fields=['owner', '-created_at', '-id'], name='http_tool_owner_created')],
                'constraints': [models.UniqueConstraint(fields=('owner', 'name'), name='http_tool_name', violation_error_code='unique', violation_error_message='You already have a tool with this name.')],
            },
        ),
        migrations.CreateModel(
            name='McpServer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=64, validators=[django.core.validators.RegexValidator(re.compile('\\A[a-zA-Z0-9_-]{1,64}\\Z'), 'Use 1 to 64 letters, digits, _ and -.', 'invalid_name')])),
                ('description', models.CharField(blank=True, max_length=4000)),
                ('headers', agentarium.core.encryption.SealedMapField(blank=True, default=dict)),
                ('timeout', models.PositiveIntegerField(default=60, help_text='Time limit of one call, in seconds.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(600)])),
                ('created_at', models.DateTimeField(db_default=agentarium.db.clock.Now())),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('url', models.CharField(blank=True, max_length=2000)),
                ('tools', models.JSONField(blank=True, default=list)),
                ('fetched_at', models.DateTimeField(blank=True, null=True)),
                ('owner', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='mcp_servers', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'MCP server',
                'ordering': ['-created_at', '-id'],
                'indexes': [models.Index(fields=['owner', '-created_at', '-id'], name='mcp_server_owner_created')],
                'constraints': [models.UniqueConstraint(fields=('owner', 'name'), name='mcp_server_name', violation_error_code='unique', violation_error_message='You already have a server with this name.'), models.UniqueConstraint(condition=models.Q(('owner', None)), fields=('name',), name='mcp_server_operator_name')],
            },
        ),
    ]
