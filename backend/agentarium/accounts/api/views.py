"""Accounts: registration, signing in and out, and changes of one's own account."""

from typing import Any

from django.conf import settings
from django.contrib.auth import login, logout, update_session_auth_hash
from django.middleware.csrf import get_token
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from agentarium.accounts import services
from agentarium.accounts.api import jwt, serializers
from agentarium.accounts.api.authentication import PageSessionAuthentication
from agentarium.accounts.api.permissions import (
    FromThePage,
    NoTokenWrites,
    TokenHasScope,
)
from agentarium.accounts.api.requests import AuthenticatedRequest
from agentarium.accounts.api.throttles import (
    CallerThrottle,
    LoginThrottle,
    SetupThrottle,
)
from agentarium.accounts.models import User
from agentarium.http.local_access import is_local
from agentarium.http.problems import MEDIA_TYPE
from agentarium.http.requests import django_request
from agentarium.http.schema import ProblemSerializer


def valid(serializer_class: type[BaseSerializer[Any]], request: Request) -> Any:
    """The validated fields of the request's body."""
    serializer = serializer_class(data=request.data)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


class RegisterView(APIView):
    """Create an account.

    The first account of a server becomes its superuser, and can be created even if
    registration is closed. It requires the `setup_code` of the link that the server
    prints when it starts, unless the server is only reachable from its own machine.
    """

    authentication_classes = []
    permission_classes = [AllowAny]
    throttle_classes = [CallerThrottle, SetupThrottle]

    @extend_schema(
        request=serializers.RegistrationSerializer,
        responses={
            201: serializers.UserSerializer,
            (409, MEDIA_TYPE): OpenApiResponse(
                ProblemSerializer, "The set-up code has been used."
            ),
        },
    )
    def post(self, request: Request) -> Response:
        fields = valid(serializers.RegistrationSerializer, request)
        user = services.sign_up(**fields, is_local=is_local(django_request(request)))
        data = serializers.UserSerializer(user).data
        return Response(data, status=status.HTTP_201_CREATED)


class SessionInfoView(APIView):
    """What the page needs before the user has signed in. Also sets the CSRF cookie."""

    permission_classes = [AllowAny]
    # Opening the page must not spend what is left for signing in, which all people
    # behind one address share.
    throttle_classes = []

    @extend_schema(responses=serializers.SessionInfoSerializer)
    def get(self, request: Request) -> Response:
        get_token(django_request(request))
        is_authenticated = request.user.is_authenticated
        has_users = is_authenticated or User.objects.exists()
        is_open = (
            settings.REGISTRATION_OPEN
            if has_users
            else is_local(django_request(request))
        )
        return Response(
            {
                "is_authenticated": is_authenticated,
                "has_users": has_users,
                "is_registration_open": is_open,
                "is_setup_code_needed": not has_users and not is_open,
            }
        )


class LoginView(APIView):
    """Begin a session of the page. Requires the CSRF token, and returns a new one."""

    authentication_classes = []
    permission_classes = [FromThePage]
    throttle_classes = [CallerThrottle, LoginThrottle]

    @extend_schema(
        request=serializers.CredentialsSerializer,
        responses=serializers.UserSerializer,
    )
    def post(self, request: Request) -> Response:
        credentials = valid(serializers.CredentialsSerializer, request)
        user = services.verify_credentials(
            request=django_request(request), **credentials
        )
        login(django_request(request), user)
        return Response(serializers.user_row(user))


class LogoutView(APIView):
    """End the session, if there is one."""

    permission_classes = [AllowAny]

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        logout(django_request(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class MeView(APIView):
    """The caller's own account."""

    request: AuthenticatedRequest
    permission_classes = [IsAuthenticated, NoTokenWrites, TokenHasScope]

    @extend_schema(responses=serializers.UserSerializer)
    def get(self, request: AuthenticatedRequest) -> Response:
        return Response(serializers.user_row(request.user))

    @extend_schema(
        request=serializers.EmailSerializer, responses=serializers.UserSerializer
    )
    def patch(self, request: AuthenticatedRequest) -> Response:
        fields = valid(serializers.EmailSerializer, request)
        user = services.change_email(request.user, **fields)
        return Response(serializers.user_row(user))


class PasswordView(APIView):
    """Change the password. Ends all other sessions and all JWTs issued before."""

    permission_classes = [IsAuthenticated, NoTokenWrites]
    throttle_classes = [CallerThrottle, LoginThrottle]

    @extend_schema(request=serializers.PasswordChangeSerializer, responses={204: None})
    def post(self, request: AuthenticatedRequest) -> Response:
        fields = valid(serializers.PasswordChangeSerializer, request)
        services.change_password(
            request.user,
            current=fields["current_password"],
            new=fields["new_password"],
        )
        if isinstance(request.successful_authenticator, PageSessionAuthentication):
            update_session_auth_hash(django_request(request), request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class TokenPairView(APIView):
    """Sign in an API client: returns a JWT pair."""

    authentication_classes = []
    permission_classes = [AllowAny]
    throttle_classes = [CallerThrottle, LoginThrottle]

    @extend_schema(
        request=serializers.CredentialsSerializer,
        responses=serializers.TokenPairSerializer,
    )
    def post(self, request: Request) -> Response:
        credentials = valid(serializers.CredentialsSerializer, request)
        user = services.verify_credentials(
            request=django_request(request), **credentials
        )
        return Response(jwt.sign_in(user))


class TokenRefreshView(APIView):
    """Exchange a refresh token for another JWT pair. It cannot be used again."""

    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        request=serializers.RefreshSerializer,
        responses=serializers.TokenPairSerializer,
    )
    def post(self, request: Request) -> Response:
        return Response(
            jwt.rotate(valid(serializers.RefreshSerializer, request)["refresh"])
        )


class TokenBlacklistView(APIView):
    """Sign out an API client: revokes its refresh token."""

    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(request=serializers.RefreshSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        jwt.revoke(valid(serializers.RefreshSerializer, request)["refresh"])
        return Response(status=status.HTTP_204_NO_CONTENT)
