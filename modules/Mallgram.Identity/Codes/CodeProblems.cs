using Mallgram.Kernel.Problems;

namespace Mallgram.Identity.Codes;

internal static class CodeProblems
{
    public static readonly ProblemCode InvalidCode = new("invalid_code", 401,
        "The code is wrong, too old or used already. After five wrong tries ask for a new one.",
        "Le code est faux, trop ancien ou déjà utilisé. Après cinq essais manqués, demandez-en un nouveau.");

    public static readonly ProblemCode TooManyCodes = new("too_many_codes", 429,
        "A code was sent a moment ago, or too many in the last hour. Wait {0} seconds and ask again.",
        "Un code vient d'être envoyé, ou trop dans la dernière heure. Attendez {0} secondes puis redemandez.");

    public static readonly ProblemCode ChannelUnavailable = new("channel_unavailable", 422,
        "Codes cannot be sent by {0} here: set {1}.", "Les codes ne peuvent pas être envoyés par {0} ici : configurez {1}.");

    /// <summary>422 for a signed-in person who gave a wrong code.</summary>
    public static ProblemException WrongField(string field)
    {
        var fields = new FieldErrors();
        fields.Add(field, "is wrong, too old or used already", "est faux, trop ancien ou déjà utilisé");
        return new ProblemException(CommonProblems.ValidationFailed) { Fields = fields };
    }
}
