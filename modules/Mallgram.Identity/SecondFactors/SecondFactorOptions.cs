namespace Mallgram.Identity.SecondFactors;

/// <summary>Settings under <c>Identity</c>.</summary>
internal sealed class SecondFactorOptions
{
    /// <summary>Whether staff without a second factor reach nothing but sign-in and setting one up.</summary>
    /// <value>false.</value>
    public bool RequireSecondFactorForStaff { get; set; }
}
