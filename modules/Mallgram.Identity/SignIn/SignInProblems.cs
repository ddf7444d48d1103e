using Mallgram.Kernel.Problems;

namespace Mallgram.Identity.SignIn;

internal static class SignInProblems
{
    public static readonly ProblemCode InvalidCredentials = new("invalid_credentials", 401,
        "The address or the password is wrong, or the account rests for a while after too many wrong passwords.",
        "L'adresse ou le mot de passe est incorrect, ou le compte est en pause après trop de mots de passe erronés.");

    public static readonly ProblemCode AccountDisabled = new("account_disabled", 403,
        "This account has been disabled. Write to the shop.", "Ce compte a été désactivé. Écrivez à la boutique.");

    public static readonly ProblemCode TooManyAttempts = new("too_many_attempts", 429,
        "Too many failed sign-ins. Wait {0} seconds and try again.", "Trop de connexions échouées. Attendez {0} secondes puis réessayez.");

    public static readonly ProblemCode InvalidRefreshToken = new("invalid_refresh_token", 401,
        "The refresh token is unknown, used, expired or revoked; sign in again.",
        "Le jeton de rafraîchissement est inconnu, déjà utilisé, expiré ou révoqué ; reconnectez-vous.");

    public static readonly ProblemCode RegistrationRefused = new("registration_refused", 422,
        "No account can be made with this e-mail address or phone number. If it is yours already, sign in or reset the password.",
        "Aucun compte ne peut être créé avec cette adresse e-mail ou ce numéro. S'il est déjà à vous, connectez-vous ou changez le mot de passe.");

    public static readonly ProblemCode TooManyRegistrations = new("too_many_registrations", 429,
        "Too many refused registrations. Wait {0} seconds and try again.",
        "Trop d'inscriptions refusées. Attendez {0} secondes puis réessayez.");

    public static readonly ProblemCode SessionNotFound = new("session_not_found", 404,
        "You have no such session, or it has ended.", "Vous n'avez pas cette session, ou elle est terminée.");
}
