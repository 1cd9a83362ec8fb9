
import agentarium.db.clock
import agentarium.providers.services
import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Agent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('instructions', models.TextField(blank=True, help_text='The system prompt.', max_length=100000)),
                ('model', models.CharField(default=agentarium.providers.services.default_model, help_text="`provider:model`; a bare name is OpenAI's.", max_length=200)),
                ('temperature', models.FloatField(blank=True, default=0.7, help_text="0 to 2; null for the provider's default.", null=True, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(2)])),
                ('max_output_tokens', models.PositiveIntegerField(blank=True, help_text="Limit of one model response; null for the provider's default.", null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1000000)])),
                ('timeout', models.PositiveIntegerField(default=600, help_text='Maximum duration of an attempt, in seconds.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(86400)])),
                ('step_timeout', models.PositiveIntegerField(default=300, help_text='Maximum duration of a model response, in seconds.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(86400)])),
                ('max_steps', models.PositiveIntegerField(default=20, help_text='Maximum number of model responses of a task.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1000)])),
                ('fallback_models', models.JSONField(blank=True, default=list, help_text='Models to call, in order, if the previous one is unavailable.')),
                ('tools', models.JSONField(blank=True, default=list, help_text='Tools that it may call, with settings.')),
                ('name', models.CharField(max_length=100)),
                ('description', models.TextField(blank=True, max_length=10000)),
                ('version', models.PositiveIntegerField(default=1, help_text='Number of the current version, which new tasks run.')),
                ('tasks_count', models.PositiveBigIntegerField(default=0)),
                ('created_at', models.DateTimeField(db_default=agentarium.db.clock.Now())),
                ('updated_at', models.DateTimeField(auto_now=True, db_default=agentarium.db.clock.Now())),
                ('deleted_at', models.DateTimeField(blank=True, null=True)),
                ('owner', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='agents', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-created_at', '-id'],
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='AgentVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('instructions', models.TextField(blank=True, help_text='The system prompt.', max_length=100000)),
                ('model', models.CharField(default=agentarium.providers.services.default_model, help_text="`provider:model`; a bare name is OpenAI's.", max_length=200)),
                ('temperature', models.FloatField(blank=True, default=0.7, help_text="0 to 2; null for the provider's default.", null=True, validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(2)])),
                ('max_output_tokens', models.PositiveIntegerField(blank=True, help_text="Limit of one model response; null for the provider's default.", null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1000000)])),
                ('timeout', models.PositiveIntegerField(default=600, help_text='Maximum duration of an attempt, in seconds.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(86400)])),
                ('step_timeout', models.PositiveIntegerField(default=300, help_text='Maximum duration of a model response, in seconds.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(86400)])),
                ('max_steps', models.PositiveIntegerField(default=20, help_text='Maximum number of model responses of a task.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1000)])),
                ('fallback_models', models.JSONField(blank=True, default=list, help_text='Models to call, in order, if the previous one is unavailable.')),
                ('tools', models.JSONField(blank=True, default=list, help_text='Tools that it may call, with settings.')),
                ('number', models.PositiveIntegerField()),
                ('created_at', models.DateTimeField(db_default=agentarium.db.clock.Now())),
                ('agent', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='agents.agent')),
            ],
            options={
                'ordering': ['-number'],
            },
        ),
        migrations.AddIndex(
            model_name='agent',
            index=models.Index(fields=['owner', '-created_at', '-id'], name='agent_owner_created'),
        ),
        migrations.AddConstraint(
            model_name='agentversion',
            constraint=models.UniqueConstraint(fields=('agent', 'number'), name='agent_version_number'),
        ),
    ]
