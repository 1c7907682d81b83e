// socket_name: an Address as the kernel takes it: IPv4 as IPv4, so that a machine without IPv6 will do.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

#include "serving/http/message.h"

namespace bandstand::serving::http {

/// A sockaddr with its size. An empty one has room for either family.
class SocketName {
 public:
  SocketName() = default;
  explicit SocketName(const Address& address) {
    if (address.is_v4()) {
      sockaddr_in name{};
      name.sin_family = AF_INET;
      name.sin_port = htons(address.port);
      std::memcpy(&name.sin_addr, address.ip.data() + 12, 4);
      size = sizeof name;
      std::memcpy(&storage_, &name, sizeof name);
    } else {
      sockaddr_in6 name{};
      name.sin6_family = AF_INET6;
      name.sin6_port = htons(address.port);
      std::memcpy(&name.sin6_addr, address.ip.data(), address.ip.size());
      size = sizeof name;
      std::memcpy(&storage_, &name, sizeof name);
    }
  }

  [[nodiscard]] int family() const { return storage_.ss_family; }
  [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage_); }
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  [[nodiscard]] Address address() const {
    Address out;
    if (family() == AF_INET) {
      sockaddr_in name{};
      std::memcpy(&name, &storage_, sizeof name);
      out.ip[10] = out.ip[11] = 0xFF;
      std::memcpy(out.ip.data() + 12, &name.sin_addr, 4);
      out.port = ntohs(name.sin_port);
    } else {
      sockaddr_in6 name{};
      std::memcpy(&name, &storage_, sizeof name);
      std::memcpy(out.ip.data(), &name.sin6_addr, out.ip.size());
      out.port = ntohs(name.sin6_port);
    }
    return out;
  }

  socklen_t size = sizeof(sockaddr_storage);  ///< bind, connect and accept take or write it

 private:
  sockaddr_storage storage_{};
};

}  // namespace bandstand::serving::http
