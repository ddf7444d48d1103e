namespace Mallgram.Identity.Contracts;

/// <summary>Event <see cref="PeopleEvents.SecurityNotice"/>: something that a person is told about, in case it was not them.</summary>
/// <param name="Kind">One of the words below; stored, never rename.</param>
public sealed record SecurityNotice(Guid UserId, string Kind)
{
    public const string PasswordChanged = "password_changed";

    /// <summary>A sign-in from a device that none of the earlier ones came from.</summary>
    public const string NewDevice = "new_device";

    public const string EmailChanged = "email_changed";
}
