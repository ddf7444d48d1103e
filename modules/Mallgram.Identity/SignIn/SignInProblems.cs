using Mallgram.Kernel.Problems;

namespace Mallgram.Identity.SignIn;

internal static class SignInProblems
{
    public static readonly ProblemCode InvalidCredentials = new("invalid_credentials", 401,
        "The e-mail address or the password is wrong.", "L'adresse e-mail ou le mot de passe est incorrect.");

    public static readonly ProblemCode TooManyAttempts = new("too_many_attempts", 429,
        "Too many failed sign-ins. Wait {0} seconds and try again.", "Trop de connexions échouées. Attendez {0} secondes puis réessayez.");

    public static readonly ProblemCode InvalidRefreshToken = new("invalid_refresh_token", 401,
        "The refresh token is unknown, used, expired or revoked; sign in again.",
        "Le jeton de rafraîchissement est inconnu, déjà utilisé, expiré ou révoqué ; reconnectez-vous.");
}
