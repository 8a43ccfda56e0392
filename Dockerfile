# Passes a live TCP connection from one process to another:
#   docker build -t psfdpass .
#   docker run -it psfdpass
# docker run -it psfdpass pwsh starts a shell in which the module is installed.
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
COPY . .
RUN dotnet build src/PSFdPass -c Release

# This image has pwsh.
FROM mcr.microsoft.com/dotnet/sdk:10.0
COPY --from=build /source/out/PSFdPass /usr/local/share/powershell/Modules/PSFdPass
CMD ["pwsh", "-NoProfile", "-Command", "Start-FdEchoDemo -Port 0 -Say foo, bar"]
