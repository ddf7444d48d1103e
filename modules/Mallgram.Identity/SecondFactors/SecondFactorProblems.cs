using Mallgram.Kernel.Problems;

namespace Mallgram.Identity.SecondFactors;

internal static class SecondFactorProblems
{
    public static readonly ProblemCode InvalidChallenge = new("invalid_challenge", 401,
        "The challenge is unknown, used, expired or had too many wrong answers; sign in again.",
        "Le défi est inconnu, déjà utilisé, expiré ou a reçu trop de mauvaises réponses ; reconnectez-vous.");

    public static readonly ProblemCode TooManyWrong = new("too_many_wrong_codes", 429,
        "Too many wrong codes. Wait {0} seconds and try again.", "Trop de codes erronés. Attendez {0} secondes puis réessayez.");

    public static readonly ProblemCode Exists = new("second_factor_exists", 409,
        "This second step is set up already. Remove it first.", "Cette seconde étape est déjà en place. Retirez-la d'abord.");

    public static readonly ProblemCode Required = new("second_factor_required", 403,
        "Staff of this shop need a second step at sign-in. Set one up under /me/second-factors.",
        "Le personnel de cette boutique doit avoir une seconde étape à la connexion. Activez-en une sous /me/second-factors.");
}
